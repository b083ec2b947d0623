import { Clock, Duration, Effect, Option, Stream, SubscriptionRef } from "effect"
import { probeTimeout, statsTimeout } from "./timeouts.ts"

interface Turn {
  /** Short requests that are under way or wait. */
  readonly short: number
  /** Since when Envoy is making a long answer: milliseconds of the monotonic clock. */
  readonly longSince: Option.Option<number>
}

/**
 * How old a long answer is, in milliseconds, when short requests no longer wait for it: it may never come. A probe that begins then
 * has its time-out when the long answer has its own, so that no answer that comes makes Envoy look dead.
 */
const longestWait = Duration.toMillis(statsTimeout) - Duration.toMillis(probeTimeout)

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/**
 * The order of requests to Envoy's admin, which makes one answer at a time on Envoy's main thread. A long one, as all stats of a
 * large Envoy, takes seconds in which it answers nothing else.
 */
export interface Turns {
  /** Runs at once, or after the long answer that is being made now. */
  readonly short: <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Runs once no other request is under way or waits; of several, one after the other. */
  readonly long: <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const makeTurns: Effect.Effect<Turns> = Effect.gen(function* () {
  const turn = yield* SubscriptionRef.make<Turn>({ short: 0, longSince: Option.none() })
  const until = (condition: (now: Turn) => boolean) =>
    SubscriptionRef.changes(turn).pipe(Stream.filter(condition), Stream.runHead)
  const isFree = ({ longSince, short }: Turn) => Option.isNone(longSince) && short === 0

  const countShort = (change: 1 | -1) => SubscriptionRef.update(turn, (now) => ({ ...now, short: now.short + change }))
  const longIsOver = Effect.gen(function* () {
    const { longSince } = yield* SubscriptionRef.get(turn)
    if (Option.isNone(longSince)) return
    const age = (yield* monotonicMillis) - longSince.value
    if (age >= longestWait) return
    yield* Effect.timeoutOption(
      until((now) => now.longSince !== longSince),
      longestWait - age
    )
  })

  const beginLong = Effect.flatMap(monotonicMillis, (since) =>
    SubscriptionRef.modify(turn, (now) =>
      isFree(now) ? [true, { ...now, longSince: Option.some(since) }] : [false, now]
    )
  )
  const endLong = SubscriptionRef.update(turn, (now) => ({ ...now, longSince: Option.none() }))

  return {
    short: (request) =>
      Effect.acquireUseRelease(
        countShort(1),
        () => Effect.andThen(longIsOver, request),
        () => countShort(-1)
      ),
    long: (request) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          while (!(yield* beginLong)) yield* restore(until(isFree))
          return yield* Effect.ensuring(restore(request), endLong)
        })
      )
  }
})
