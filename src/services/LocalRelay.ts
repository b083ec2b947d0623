import { Context, type Effect, Option } from "effect"
import type { EnvoyProcess } from "./EnvoyProcess.ts"
import type { HealthMonitor } from "./HealthMonitor.ts"

/** The relay's Envoy: its process and health, as the main Envoy has them. */
export interface LocalRelayEnvoy {
  readonly process: EnvoyProcess["Service"]
  readonly health: HealthMonitor["Service"]["health"]
  /**
   * Whether a stream from the main Envoy is open to the management server. The main Envoy cannot tell: the relay
   * accepts its stream before it has connected upstream. False also where the relay's admin does not answer.
   */
  readonly isForwardingStreams: Effect.Effect<boolean>
}

/** The local relay, a second Envoy that signs the main Envoy's xDS stream and forwards it; none in all other modes. */
export const LocalRelay = Context.Reference<Option.Option<LocalRelayEnvoy>>("agent/LocalRelay", {
  defaultValue: Option.none
})
