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

/** Values that mean the agent's outputs. The third is the example in the documentation of the Go agent. */
const agentOutputWords = ["stdout", "stderr", "stdout/stderr"]

const devices = "/dev"

/**
 * The log folder and file name in the settings. The agent's own lines go where the main Envoy's go. Of the local relay's
 * two settings, each alone can mean the agent's output: such a file name does, whatever the folder.
 */
export const logLocation = (settings: Settings, role: Role): LogLocation => {
  if (role === "main") {
    return { folder: settings.APPNET_ENVOY_LOG_DESTINATION, fileName: settings.APPNET_ENVOY_LOG_NAME }
  }
  const { APPNET_LOCAL_RELAY_LOG_DESTINATION: folder, APPNET_LOCAL_RELAY_LOG_FILE_NAME: fileName } = settings
  return { folder: agentOutputWords.includes(fileName) ? devices : folder, fileName }
}

/** Nobody wants a log file among the devices: there, only the name of one of the agent's outputs means just that one. */
export const logDestination = ({ fileName, folder }: LogLocation): LogDestination => {
  if (folder === undefined || agentOutputWords.includes(folder)) return { _tag: "AgentOutputs" }
  const path = resolve(folder, fileName)
  if (path === "/dev/stdout") return { _tag: "OneAgentOutput", name: "stdout" }
  if (path === "/dev/stderr") return { _tag: "OneAgentOutput", name: "stderr" }
  return resolve(folder) === devices ? { _tag: "AgentOutputs" } : { _tag: "File", path }
}

/** A clause that says where the local relay's log is, for messages about the relay. */
export const localRelayLog = (settings: Settings): string => {
  const destination = logDestination(logLocation(settings, "local relay"))
  return `its log is ${destination._tag === "File" ? destination.path : "in the agent's output"} (APPNET_LOCAL_RELAY_LOG_DESTINATION, APPNET_LOCAL_RELAY_LOG_FILE_NAME)`
}
