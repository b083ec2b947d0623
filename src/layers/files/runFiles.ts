import * as fs from "node:fs"
import type { Role } from "../../services/EnvoyRole.ts"
import type { Settings } from "../../services/Settings.ts"

// Containers may share a folder, and each has a process 1: the namespace tells them apart.
const pidNamespace = /\d+/.exec(fs.readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0"

type RunFile = "bootstrap.json" | "stdout.fifo" | "stderr.fifo"

const prefix = `appnet-agent-${pidNamespace}-`

const rolePrefix: Readonly<Record<Role, string>> = { main: "", "local relay": "relay-" }

/** The path of a file in `APPNET_RUN_DIR` that belongs to this agent, and this Envoy of it, alone. */
export const runFilePath = (settings: Settings, file: RunFile, role: Role = "main"): string =>
  `${settings.APPNET_RUN_DIR}/${prefix}${process.pid}-${rolePrefix[role]}${file}`

/** The agent's process that a file in `APPNET_RUN_DIR` belongs to, if it is of this namespace. */
export const ownerOf = (name: string): number | undefined => {
  if (!name.startsWith(prefix)) return undefined
  const pid = /^(\d+)-(?:relay-)?(bootstrap\.json|stdout\.fifo|stderr\.fifo)$/.exec(name.slice(prefix.length))?.[1]
  return pid === undefined ? undefined : Number(pid)
}
