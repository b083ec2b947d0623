import type { AgentMode } from "../../../services/Setting.ts"
import type { Settings } from "../../../services/Settings.ts"

export interface ChosenMode {
  readonly mode: AgentMode
  /** The setting that chose it, for the debug log. */
  readonly reason: string
}

/** Which mode the settings choose. What the mode needs beyond that is checked by `resolveMode`. */
export const chooseMode = (settings: Settings): ChosenMode => {
  if (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS) {
    return { mode: "relay", reason: "APPNET_ENABLE_RELAY_MODE_FOR_XDS is on" }
  }
  if (settings.APPNET_XDS_MODE !== undefined) {
    return { mode: "standalone", reason: `APPNET_XDS_MODE=${settings.APPNET_XDS_MODE}` }
  }
  if (settings.APPMESH_XDS_ENDPOINT?.startsWith("unix:") === true) {
    return { mode: "service connect", reason: "APPMESH_XDS_ENDPOINT is a unix socket" }
  }
  return { mode: "app mesh", reason: "no setting chooses another mode" }
}
