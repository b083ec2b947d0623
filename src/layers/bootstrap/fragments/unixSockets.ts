import { Effect } from "effect"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { folderOf, folderProblem, isAbstractSocket } from "../pathAccess.ts"

/** The variables that name unix sockets which Envoy creates when it starts. */
export const createdSockets = (settings: Settings) => {
  const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS
  return [
    ...(isRelay ? (["APPNET_RELAY_LISTENER_UDS_PATH"] as const) : []),
    ...(isRelay || settings.ENVOY_ADMIN_MODE === "uds" ? (["APPNET_ENVOY_ADMIN_UDS_PATH"] as const) : [])
  ] satisfies ReadonlyArray<SettingName>
}

/** A warning for each unix socket that Envoy cannot create. Envoy would exit when it starts. */
export const socketWarnings = Effect.fnUntraced(function* (settings: Settings) {
  const warnings: Array<string> = []
  for (const variable of createdSockets(settings)) {
    const path = settings[variable]
    const problem = isAbstractSocket(path) ? undefined : yield* folderProblem(folderOf(path))
    if (problem !== undefined) warnings.push(`${variable}=${path}: Envoy cannot create this socket: ${problem}`)
  }
  return warnings
})
