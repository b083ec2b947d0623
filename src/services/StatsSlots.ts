import type { Effect, Scope } from "effect"
import { Context } from "effect"

/** How many stats answers may be under way at once, on all addresses together: Envoy holds each of them in its memory. */
export const maxStatsAnswers = 4

export class StatsSlots extends Context.Service<
  StatsSlots,
  {
    /** Takes a slot until the scope ends. Succeeds with whether there was one. */
    readonly take: Effect.Effect<boolean, never, Scope.Scope>
  }
>()("agent/StatsSlots") {}
