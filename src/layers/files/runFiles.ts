import * as fs from "node:fs"
import { Result } from "effect"
import type { Role } from "../../services/EnvoyRole.ts"
import type { Settings } from "../../services/Settings.ts"

type RunFile = "bootstrap.json" | "stdout.fifo" | "stderr.fifo"

/**
 * Containers may share a folder, and a pid is unique only within its namespace. Undefined where /proc is not mounted.
 */
const pidNamespace = (): string | undefined =>
  Result.try(() => fs.readlinkSync("/proc/self/ns/pid")).pipe(
    Result.map((link) => /\d+/.exec(link)?.[0]),
    Result.getOrUndefined
  )

const rolePrefix: Readonly<Record<Role, string>> = { main: "", "local relay": "relay-" }

/** The path of a file in `APPNET_RUN_DIR` that belongs to one Envoy of this agent process. */
export const runFilePath = (settings: Settings, file: RunFile, role: Role = "main"): string =>
  `${settings.APPNET_RUN_DIR}/appnet-agent-${pidNamespace() ?? "0"}-${process.pid}-${rolePrefix[role]}${file}`

const runFileName = /^appnet-agent-(\d+)-(\d+)-(?:relay-)?(?:bootstrap\.json|stdout\.fifo|stderr\.fifo)$/

/**
 * The pid of the agent that a file in `APPNET_RUN_DIR` belongs to. Undefined where the name is not such a file's, or
 * the pid is of another or an unknown namespace, so that this process cannot tell whether that agent still runs.
 */
export const ownerPid = (name: string): number | undefined => {
  const [, namespace, pid] = runFileName.exec(name) ?? []
  return namespace !== undefined && namespace === pidNamespace() ? Number(pid) : undefined
}
