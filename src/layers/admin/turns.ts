import { Effect, Stream, SubscriptionRef } from "effect"

interface Turn {
  /** Short requests that are under way or wait. */
  readonly short: number
  /** Whether Envoy is making a long answer. */
  readonly isLong: boolean
}

/** How long a short request waits for a long answer. After that, the answer may never come. */
const longestWait = "2 seconds"

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
  const turn = yield* SubscriptionRef.make<Turn>({ short: 0, isLong: false })
  const until = (condition: (now: Turn) => boolean) =>
    SubscriptionRef.changes(turn).pipe(Stream.filter(condition), Stream.runHead)
  const isFree = ({ isLong, short }: Turn) => !isLong && short === 0

  const countShort = (change: 1 | -1) => SubscriptionRef.update(turn, (now) => ({ ...now, short: now.short + change }))
  const longIsOver = Effect.flatMap(SubscriptionRef.get(turn), ({ isLong }) =>
    isLong
      ? Effect.timeoutOption(
          until((now) => !now.isLong),
          longestWait
        )
      : Effect.void
  )

  const beginLong = SubscriptionRef.modify(turn, (now) =>
    isFree(now) ? [true, { ...now, isLong: true }] : [false, now]
  )
  const endLong = SubscriptionRef.update(turn, (now) => ({ ...now, isLong: false }))

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
