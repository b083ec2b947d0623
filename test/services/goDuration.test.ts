import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { GoDuration } from "../../src/services/goDuration.ts"

const millis = (text: string) => Result.getOrUndefined(Schema.decodeUnknownResult(GoDuration)(text))

const part = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

describe("GoDuration", () => {
  it("reads every unit of Go, and sums of them", () => {
    const known: ReadonlyArray<readonly [string, number]> = [
      ["5s", 5000],
      ["1m30s", 90_000],
      ["1.5h", 5_400_000],
      ["300ms", 300],
      [".5s", 500],
      ["1.s", 1000],
      ["1.005s", 1005],
      ["250us", 0.25],
      ["250µs", 0.25],
      ["100ns", 0.0001],
      ["+2s", 2000],
      ["0", 0]
    ]
    for (const [text, expected] of known) assert.strictEqual(millis(text), expected, text)
  })

  it("refuses what Go refuses, and negative times", () => {
    for (const text of ["", "10", "5 s", "s", ".s", "1d", "-5s", "5S", "1m30", "five", "1e3s"]) {
      assert.strictEqual(millis(text), undefined, text)
    }
  })

  it.prop(
    "reads hours, minutes, seconds and milliseconds as their sum",
    { h: part(1000), m: part(100), s: part(100), ms: part(10_000) },
    ({ h, m, ms, s }) => {
      assert.strictEqual(millis(`${h}h${m}m${s}s${ms}ms`), h * 3_600_000 + m * 60_000 + s * 1000 + ms)
    }
  )

  it.prop("reads back what it writes", { value: part(1_000_000_000) }, ({ value }) => {
    assert.strictEqual(millis(Schema.encodeSync(GoDuration)(value)), value)
  })
})
