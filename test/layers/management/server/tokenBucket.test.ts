import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeTokenBucket } from "../../../../src/layers/management/server/tokenBucket.ts"

describe("a token bucket", () => {
  it.effect("allows a burst, then a rate, and says how long to wait", () =>
    Effect.gen(function* () {
      const take = yield* makeTokenBucket({ perSecond: 10, burst: 20 })
      for (let i = 0; i < 20; i += 1) assert.strictEqual(yield* take, 0)
      assert.strictEqual(yield* take, 1)
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* take, 0)
      assert.strictEqual(yield* take, 1)
      yield* TestClock.adjust("1 hour")
      let taken = 0
      while ((yield* take) === 0) taken += 1
      assert.strictEqual(taken, 20)
    })
  )
})
