import type { Effect, Option, SubscriptionRef } from "effect"
import { Context } from "effect"

/** Connects to the management server as Envoy does, to find out why Envoy cannot. */
export class ManagementServerProbe extends Context.Service<
  ManagementServerProbe,
  {
    /**
     * One sentence that says what fails and what to check; none where nothing fails. Takes 18 s at most. A stream is opened only
     * if Envoy still has none at that moment, which `isNeeded` says.
     */
    readonly diagnose: (isNeeded: Effect.Effect<boolean>) => Effect.Effect<Option.Option<string>>
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
