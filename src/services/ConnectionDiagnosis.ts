import type { Effect, Option, SubscriptionRef } from "effect"
import { Context } from "effect"

/** Asks the management server as Envoy does, to find out why Envoy has no connection to it. */
export class ManagementServerProbe extends Context.Service<
  ManagementServerProbe,
  {
    /** What stands in the way and what to check, in one sentence; none where nothing was found. Takes at most 16 s. */
    readonly diagnose: Effect.Effect<Option.Option<string>>
  }
>()("agent/ManagementServerProbe") {}

/** Why the management server is not connected, for as long as it is not. */
export class ConnectionDiagnosis extends Context.Service<
  ConnectionDiagnosis,
  {
    readonly problem: SubscriptionRef.SubscriptionRef<Option.Option<string>>
  }
>()("agent/ConnectionDiagnosis") {}
