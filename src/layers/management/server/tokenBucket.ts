import { Clock, Effect, Ref } from "effect"

export interface RateLimit {
  readonly perSecond: number
  /** How many requests may arrive at once. */
  readonly burst: number
}

interface Bucket {
  readonly tokens: number
  /** When `tokens` was counted, in monotonic nanoseconds. */
  readonly countedAt: bigint
}

/** An effect that takes one token. It succeeds with 0, or with the whole seconds until a token is there. */
export const makeTokenBucket = Effect.fnUntraced(function* ({ burst, perSecond }: RateLimit) {
  const bucket = yield* Ref.make<Bucket>({ tokens: burst, countedAt: yield* Clock.monotonicTimeNanos })
  return Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
    Ref.modify(bucket, ({ countedAt, tokens }) => {
      const refilled = Math.min(burst, tokens + (Number(now - countedAt) / 1e9) * perSecond)
      return refilled >= 1
        ? [0, { tokens: refilled - 1, countedAt: now }]
        : [Math.ceil((1 - refilled) / perSecond), { tokens: refilled, countedAt: now }]
    })
  )
})
