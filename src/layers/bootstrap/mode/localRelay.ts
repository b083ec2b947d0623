import { Effect, Option } from "effect"
import { EnvoyBinary } from "../../../services/EnvoyBinary.ts"
import type { AgentMode } from "../../../services/Setting.ts"
import type { Settings } from "../../../services/Settings.ts"

export interface LocalRelayDecision {
  readonly isEnabled: boolean
  /** For the debug log. */
  readonly reason: string
  readonly warnings: ReadonlyArray<string>
}

const unknownWarning =
  "whether Envoy can sign AWS requests is unknown: a local relay signs them (APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS)"

/** Whether a second Envoy signs the AWS requests. Stock Envoy cannot sign its own xDS stream. */
export const decideLocalRelay = Effect.fnUntraced(function* (mode: AgentMode, settings: Settings) {
  const decision = (isEnabled: boolean, reason: string, warnings: ReadonlyArray<string> = []): LocalRelayDecision => ({
    isEnabled,
    reason,
    warnings
  })
  const setting = settings.APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS
  if (mode !== "app mesh") return decision(false, `${mode} mode has none`)
  if (setting !== "auto") return decision(setting === "1", `APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS=${setting}`)
  const signsForAws = yield* (yield* EnvoyBinary).signsForAws
  return Option.match(signsForAws, {
    onNone: () => decision(true, "whether Envoy can sign AWS requests is unknown", [unknownWarning]),
    onSome: (signs) => decision(!signs, signs ? "Envoy signs AWS requests itself" : "Envoy cannot sign AWS requests")
  })
})
