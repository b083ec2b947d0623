import type { Effect } from "effect"
import { Context } from "effect"
import type { StopSignal } from "./handledSignals.ts"

/** The signals that ask the agent to stop. One that arrives before anybody waits for it is kept. */
export class Signals extends Context.Service<
  Signals,
  {
    /** Completes at the first signal: drain Envoy, then stop it. */
    readonly stop: Effect.Effect<StopSignal>
    /** Completes at the second signal: stop Envoy without waiting for the drain. */
    readonly skipDrain: Effect.Effect<StopSignal>
  }
>()("agent/Signals") {}
