import { resolve } from "node:path"
import type { Role } from "../../services/EnvoyRole.ts"
import type { OutputName } from "../../services/LogFiles.ts"
import type { Settings } from "../../services/Settings.ts"

/** Where the lines of one Envoy go. */
export type LogDestination =
  /** To the agent's stdout and stderr, each to its own. */
  | { readonly _tag: "AgentOutputs" }
  /** All to one of the agent's outputs. */
  | { readonly _tag: "OneAgentOutput"; readonly name: OutputName }
  | { readonly _tag: "File"; readonly path: string }

export interface LogLocation {
  readonly folder: string | undefined
  readonly fileName: string
}

/** The log folder and file name in the settings. The agent's own lines go where the main Envoy's go. */
export const logLocation = (settings: Settings, role: Role): LogLocation =>
  role === "main"
    ? { folder: settings.APPNET_ENVOY_LOG_DESTINATION, fileName: settings.APPNET_ENVOY_LOG_NAME }
    : {
        folder: settings.APPNET_LOCAL_RELAY_LOG_DESTINATION,
        fileName: settings.APPNET_LOCAL_RELAY_LOG_FILE_NAME
      }

/** Values that mean the agent's outputs. The third is the example in the documentation of the Go agent. */
const agentOutputWords = ["stdout", "stderr", "stdout/stderr"]

export const logDestination = ({ fileName, folder }: LogLocation): LogDestination => {
  if (folder === undefined || agentOutputWords.includes(folder)) return { _tag: "AgentOutputs" }
  const path = resolve(folder, fileName)
  if (path === "/dev/stdout") return { _tag: "OneAgentOutput", name: "stdout" }
  return path === "/dev/stderr" ? { _tag: "OneAgentOutput", name: "stderr" } : { _tag: "File", path }
}

/** A clause that says where the local relay's log is, for messages about the relay. */
export const localRelayLog = (settings: Settings): string => {
  const destination = logDestination(logLocation(settings, "local relay"))
  return `its log is ${destination._tag === "File" ? destination.path : "in the agent's output"} (APPNET_LOCAL_RELAY_LOG_DESTINATION, APPNET_LOCAL_RELAY_LOG_FILE_NAME)`
}
