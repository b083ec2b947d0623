import { Clock, Duration, Effect, Ref, Stream } from "effect"

/**
 * Fails a stream once all waits for its source add up to `timeout`. The time between a part and the next request for one belongs
 * to the reader, and does not count.
 */
export const withSourceTimeout = <A, E, E2>(
  stream: Stream.Stream<A, E>,
  timeout: Duration.Input,
  orElse: () => E2
): Stream.Stream<A, E | E2> =>
  Stream.transformPull(stream, (pull) =>
    Effect.map(Ref.make(Duration.toNanosUnsafe(timeout)), (remaining) =>
      Effect.gen(function* () {
        const left = yield* Ref.get(remaining)
        const began = yield* Clock.monotonicTimeNanos
        const part = yield* Effect.timeoutOrElse(pull, {
          duration: Duration.nanos(left),
          orElse: () => Effect.fail(orElse())
        })
        yield* Ref.set(remaining, left - ((yield* Clock.monotonicTimeNanos) - began))
        return part
      })
    )
  )
