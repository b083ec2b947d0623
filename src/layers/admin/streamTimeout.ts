import { Clock, Duration, Effect, Ref, Stream } from "effect"
import * as Pull from "effect/Pull"

/**
 * The same stream, which fails when its source has kept it waiting for longer than `patience` in all. What the one who
 * reads the stream takes is not counted.
 */
export const withPatience = <A, E, E2>(
  stream: Stream.Stream<A, E>,
  patience: Duration.Input,
  orElse: () => E2
): Stream.Stream<A, E | E2> =>
  Stream.transformPull(stream, (pull) =>
    Effect.map(Ref.make(Duration.toMillis(patience)), (left) =>
      Effect.gen(function* () {
        const milliseconds = yield* Ref.get(left)
        const began = yield* Clock.currentTimeMillis
        const part = yield* Effect.timeoutOrElse(pull, {
          duration: milliseconds,
          orElse: () => Effect.fail(orElse())
        })
        yield* Ref.set(left, milliseconds - ((yield* Clock.currentTimeMillis) - began))
        return part
      })
    )
  )

/** Waits for the first `bytes` of a body, or for all of it; then the whole body as a stream, which lives in the scope. */
export const begun = Effect.fnUntraced(function* <E>(body: Stream.Stream<Uint8Array, E>, bytes: number) {
  const pull = yield* Stream.toPull(body)
  const first: Array<Uint8Array> = []
  let size = 0
  let complete = false
  while (size < bytes && !complete) {
    const parts = yield* Pull.catchDone(pull, () => Effect.succeed([]))
    for (const part of parts) size += part.length
    first.push(...parts)
    complete = parts.length === 0
  }
  const beginning = Stream.fromArray(first)
  return complete ? beginning : Stream.concat(beginning, Stream.fromPull(Effect.succeed(pull)))
})
