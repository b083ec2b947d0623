import type { Settings } from "../../services/Settings.ts"

const fs = process.getBuiltinModule("node:fs")

// Containers may share a folder, and each has a process 1: the namespace tells them apart.
const pidNamespace = /\d+/.exec(fs.readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0"

/** Which Envoy a FIFO is for: the one of the agent, or its local relay. */
export type FifoRole = "" | "relay-"

type RunFile = "bootstrap.json" | `${FifoRole}${"stdout" | "stderr"}.fifo`

const prefix = `appnet-agent-${pidNamespace}-`

/** The path of a file in `APPNET_RUN_DIR` that belongs to this agent alone. */
export const runFilePath = (settings: Settings, file: RunFile): string =>
  `${settings.APPNET_RUN_DIR}/${prefix}${process.pid}-${file}`

/** The agent's process that a file in `APPNET_RUN_DIR` belongs to, if it is of this namespace. */
export const ownerOf = (name: string): number | undefined => {
  if (!name.startsWith(prefix)) return undefined
  const pid = /^(\d+)-(bootstrap\.json|(relay-)?std(out|err)\.fifo)$/.exec(name.slice(prefix.length))?.[1]
  return pid === undefined ? undefined : Number(pid)
}
