import { Effect, Layer, Ref } from "effect"
import { maxStatsAnswers, StatsSlots } from "../../services/StatsSlots.ts"

export const StatsSlotsLive = Layer.effect(
  StatsSlots,
  Effect.map(Ref.make(0), (taken) =>
    StatsSlots.of({
      take: Effect.acquireRelease(
        Ref.modify(taken, (count) => (count < maxStatsAnswers ? [true, count + 1] : [false, count])),
        (isTaken) => (isTaken ? Ref.update(taken, (count) => count - 1) : Effect.void)
      )
    })
  )
)
