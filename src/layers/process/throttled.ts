import { Clock, Duration, Effect, Ref } from "effect"

interface Answer<A> {
  /** Monotonic nanoseconds: a wall clock that is set back would keep an answer for too long. */
  readonly at: bigint
  readonly value: A
}

/** Runs `effect` when it is asked for, but at most once in `interval`: in between, the last answer is given again. */
export const throttled = Effect.fnUntraced(function* <A>(effect: Effect.Effect<A>, interval: Duration.Duration) {
  const lifetime = Duration.toNanosUnsafe(interval)
  const last = yield* Ref.make<Answer<A> | undefined>(undefined)
  return Effect.gen(function* () {
    const now = yield* Clock.monotonicTimeNanos
    const known = yield* Ref.get(last)
    if (known !== undefined && now - known.at < lifetime) return known.value
    const value = yield* effect
    yield* Ref.set(last, { at: now, value })
    return value
  })
})
