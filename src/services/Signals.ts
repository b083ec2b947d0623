import type { Effect } from "effect"
import { Context } from "effect"
import type { StopSignal } from "./stopSignals.ts"

/** The operating system's requests to stop, kept from the moment the layer is built. */
export class Signals extends Context.Service<
  Signals,
  {
    /** The first signal. */
    readonly stop: Effect.Effect<StopSignal>
    /** The second: end the drain now. */
    readonly hurry: Effect.Effect<StopSignal>
  }
>()("agent/Signals") {}
