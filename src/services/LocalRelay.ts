import { Context, type Effect, Option } from "effect"
import type { EnvoyProcess } from "./EnvoyProcess.ts"
import type { HealthMonitor } from "./HealthMonitor.ts"

/** The second Envoy of local relay mode: the same services as around the first, once more. */
export interface SecondEnvoy {
  readonly process: EnvoyProcess["Service"]
  readonly health: HealthMonitor["Service"]["health"]
  /** Whether the first one's stream has come through to the management server: the relay takes it in any case. */
  readonly passesOn: Effect.Effect<boolean>
}

/** The Envoy that signs the first one's xDS stream and passes it on; none where the first asks by itself. */
export const LocalRelay = Context.Reference<Option.Option<SecondEnvoy>>("agent/LocalRelay", {
  defaultValue: Option.none
})
