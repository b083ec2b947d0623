import type { Shown } from "../shows.ts"

/** What no test shows yet, in the order of the page: empty, but while something is being built. */
export const pending: ReadonlyArray<Shown> = [
  "APPNET_ENVOY_LOG_DESTINATION",
  "APPNET_ENVOY_LOG_NAME",
  "APPNET_AGENT_MAX_LOG_FILE_SIZE",
  "APPNET_AGENT_MAX_RETENTION_COUNT",
  "APPNET_AGENT_LOG_FORMAT",
  "APPNET_LOCAL_RELAY_LOG_DESTINATION",
  "APPNET_LOCAL_RELAY_LOG_FILE_NAME",
  "mode-relay",
  "mode-local-relay",
  "log-file",
  "log-rotation",
  "log-folder-missing"
]
