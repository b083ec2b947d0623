import { resolve } from "node:path"
import type { Role } from "../../services/EnvoyRole.ts"
import type { OutputName } from "../../services/LogFiles.ts"
import type { Settings } from "../../services/Settings.ts"

/** Where lines go: to the agent's own outputs, each to its own; to one of these; or to a file. */
export type LogDestination =
  | { readonly _tag: "Own" }
  | { readonly _tag: "Stream"; readonly name: OutputName }
  | { readonly _tag: "File"; readonly path: string }

/** A folder and a name, as the settings have them. */
export interface LogPlace {
  readonly folder: string | undefined
  readonly name: string
}

/** Where Envoy and the agent itself write to, or the local relay's Envoy. */
export const placeOf = (settings: Settings, role: Role): LogPlace =>
  role === "main"
    ? { folder: settings.APPNET_ENVOY_LOG_DESTINATION, name: settings.APPNET_ENVOY_LOG_NAME }
    : { folder: settings.APPNET_LOCAL_RELAY_LOG_DESTINATION, name: settings.APPNET_LOCAL_RELAY_LOG_FILE_NAME }

// The documentation's own example of a folder is no folder.
const outputWords = ["stdout", "stderr", "stdout/stderr"]

export const logDestination = ({ folder, name }: LogPlace): LogDestination => {
  if (folder === undefined || outputWords.includes(folder)) return { _tag: "Own" }
  const path = resolve(folder, name)
  if (path === "/dev/stdout") return { _tag: "Stream", name: "stdout" }
  return path === "/dev/stderr" ? { _tag: "Stream", name: "stderr" } : { _tag: "File", path }
}

/** Where the local relay's own words are, to be named where it fails: they are not in the agent's log. */
export const localRelayLog = (settings: Settings): string => {
  const destination = logDestination(placeOf(settings, "local relay"))
  return `its log is ${destination._tag === "File" ? destination.path : "in the agent's output"} (APPNET_LOCAL_RELAY_LOG_DESTINATION, APPNET_LOCAL_RELAY_LOG_FILE_NAME)`
}
