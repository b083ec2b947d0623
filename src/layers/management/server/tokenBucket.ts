import { Clock, Effect, Ref } from "effect"

/** Requests a second, and how many may come at once. */
export interface Limit {
  readonly perSecond: number
  readonly burst: number
}

interface Bucket {
  readonly tokens: number
  /** Epoch milliseconds of the last look. */
  readonly at: number
}

/** Takes a token; succeeds with the seconds to wait where there is none, 0 where there was one. */
export const makeTokenBucket = Effect.fnUntraced(function* ({ burst, perSecond }: Limit) {
  const bucket = yield* Ref.make<Bucket>({ tokens: burst, at: yield* Clock.currentTimeMillis })
  return Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Ref.modify(bucket, ({ at, tokens }) => {
      const filled = Math.min(burst, tokens + (Math.max(0, now - at) / 1000) * perSecond)
      return filled >= 1
        ? [0, { tokens: filled - 1, at: now }]
        : [Math.ceil((1 - filled) / perSecond), { tokens: filled, at: now }]
    })
  )
})
