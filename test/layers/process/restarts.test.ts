import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Schedule } from "effect"
import { restartSchedule } from "../../../src/layers/process/restarts.ts"
import { shows } from "../../shows.ts"

describe("the restart schedule", () => {
  const delays = (count: number) =>
    Effect.gen(function* () {
      const step = yield* Schedule.toStep(restartSchedule(count))
      const seen: Array<number> = []
      while (true) {
        const next = yield* Effect.option(step(0, undefined))
        if (Option.isNone(next)) return seen
        seen.push(Duration.toMillis(next.value[1]))
      }
    })

  it.effect("restarts at once, then doubles from 100 ms up to 5 s, as often as allowed", () =>
    Effect.gen(function* () {
      shows("restart-delays")
      assert.deepStrictEqual(yield* delays(10), [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
      assert.deepStrictEqual(yield* delays(0), [])
    })
  )
})
