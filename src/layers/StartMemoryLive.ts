import { Effect, Layer, Stream, SubscriptionRef } from "effect"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { giveBackStart, makeBusyness } from "./process/heap.ts"

/** Between two looks at how busy the agent is. */
const interval = "1 second"
/** Less than that of a second, and nobody is kept waiting. */
const calm = 0.05

/** Gives memory back, once: in the first calm second after Envoy is LIVE. From then on the agent mostly waits. */
export const StartMemoryLive = Layer.effectDiscard(
  Effect.gen(function* () {
    const { health } = yield* HealthMonitor
    const busyness = makeBusyness()
    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(({ initialized }) => initialized),
      Stream.runHead,
      Effect.andThen(
        Effect.repeat(Effect.delay(Effect.sync(busyness), interval), {
          until: (busy) => Effect.succeed(busy < calm)
        })
      ),
      Effect.andThen(Effect.sync(giveBackStart)),
      Effect.forkScoped
    )
  })
)
