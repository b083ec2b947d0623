import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { envoyFormat, jsonFormat } from "../../../src/layers/logs/LoggerLive.ts"
import { shows } from "../../shows.ts"

const linesOf = (effect: Effect.Effect<void>, format = envoyFormat) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* TestClock.setTime(new Date(2026, 0, 31, 12, 0, 0, 7).getTime())
    yield* Effect.provide(effect, Logger.layer([Logger.map(format, (text) => void lines.push(text))]))
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

  it.effect("have the prefix on each line of a message and of its cause", () =>
    Effect.gen(function* () {
      const [text = ""] = yield* linesOf(Effect.logError("one\ntwo", Cause.fail("why")))
      const lines = text.split("\n")
      assert.isAtLeast(lines.length, 2)
      assert.isTrue(lines.every((line) => line.includes("[error] [AppNet Agent] ")))
      assert.include(text, "why")
    })
  )

  it.effect("are one JSON object each in JSON format, with the cause as a field", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        Effect.andThen(Effect.logWarning("one\ntwo", { port: 1 }), Effect.logError("bad", Cause.fail("why"))),
        jsonFormat
      )
      assert.isTrue(lines.every((line) => !line.includes("\n")))
      const [first, second] = lines.map((line): unknown => JSON.parse(line))
      const common = {
        time: new Date(2026, 0, 31, 12, 0, 0, 7).toISOString(),
        pid: process.pid,
        source: "AppNet Agent"
      }
      assert.deepStrictEqual(first, { ...common, level: "warning", message: 'one\ntwo {"port":1}' })
      assert.deepInclude(second, { ...common, level: "error", message: "bad" })
      assert.isTrue(
        typeof second === "object" && second !== null && "cause" in second && `${second.cause}`.includes("why")
      )
    })
  )
})
