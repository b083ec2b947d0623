import { Effect, Layer, Stream, SubscriptionRef } from "effect"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { giveBackStart } from "./process/heap.ts"

/** The first probes of an orchestrator are answered first. */
const calm = "2 seconds"

/** Gives memory back, once, when Envoy has been LIVE for a moment: from then on the agent mostly waits. */
export const StartMemoryLive = Layer.effectDiscard(
  Effect.gen(function* () {
    const { health } = yield* HealthMonitor
    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(({ initialized }) => initialized),
      Stream.runHead,
      Effect.andThen(Effect.sleep(calm)),
      Effect.andThen(Effect.sync(giveBackStart)),
      Effect.forkScoped
    )
  })
)
