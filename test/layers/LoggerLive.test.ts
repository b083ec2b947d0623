import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { envoyFormat } from "../../src/layers/LoggerLive.ts"
import { shows } from "../shows.ts"

const linesOf = (effect: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* TestClock.setTime(new Date(2026, 0, 31, 12, 0, 0, 7).getTime())
    yield* Effect.provide(effect, Logger.layer([Logger.map(envoyFormat, (text) => void lines.push(text))]))
    return lines
  })

describe("the agent's lines", () => {
  it.effect("look like Envoy's", () =>
    Effect.gen(function* () {
      shows("line-format")
      const lines = yield* linesOf(
        Effect.all(
          [
            Effect.logInfo("up"),
            Effect.logWarning("odd", 7, new RangeError("far")),
            Effect.logError("bad"),
            Effect.logFatal("end")
          ],
          {
            discard: true
          }
        )
      )
      const head = `[2026-01-31 12:00:00.007][${process.pid}]`
      assert.deepStrictEqual(
        lines.map((text) => text.split("\n", 1)[0]),
        [
          `${head}[info] [AppNet Agent] up`,
          `${head}[warning] [AppNet Agent] odd 7 RangeError: far`,
          `${head}[error] [AppNet Agent] bad`,
          `${head}[critical] [AppNet Agent] end`
        ]
      )
    })
  )

  it.effect("have the same beginning where a message goes on, and a cause behind it", () =>
    Effect.gen(function* () {
      const [text = ""] = yield* linesOf(Effect.logError("one\ntwo", Cause.fail("why")))
      const lines = text.split("\n")
      assert.isAtLeast(lines.length, 2)
      assert.isTrue(lines.every((line) => line.includes("[error] [AppNet Agent] ")))
      assert.include(text, "why")
    })
  )
})
