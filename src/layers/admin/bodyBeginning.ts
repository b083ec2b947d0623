import { Effect, Stream } from "effect"
import * as Pull from "effect/Pull"

/**
 * Waits for the first `bytes` of a body, or for all of a shorter one, so that an early failure is an error of its own. Succeeds
 * with the whole body, which lives in the scope.
 */
export const awaitBeginning = Effect.fnUntraced(function* <E>(body: Stream.Stream<Uint8Array, E>, bytes: number) {
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
