import type { Effect, Option, SubscriptionRef } from "effect"
import { Context } from "effect"

/** Connects to the management server as Envoy does, to find out why Envoy cannot. */
export class ManagementServerProbe extends Context.Service<
  ManagementServerProbe,
  {
    /** One sentence that says what fails and what to check; none where nothing fails. Takes 16 s at most. */
    readonly diagnose: Effect.Effect<Option.Option<string>>
  }
>()("agent/ManagementServerProbe") {}

/** Why Envoy has no connection to its management server. */
export class ConnectionDiagnosis extends Context.Service<
  ConnectionDiagnosis,
  {
    /** The latest diagnosis; none while Envoy is connected, or no cause is known. */
    readonly problem: SubscriptionRef.SubscriptionRef<Option.Option<string>>
  }
>()("agent/ConnectionDiagnosis") {}
