import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { printableLine, printableLines, quoted } from "../../../src/layers/commandLine/printable.ts"

describe("printable text", () => {
  it("has escapes for control characters, and for those that reorder a line", () => {
    assert.strictEqual(
      printableLine("a\u001b[31m\r\n\tb\u007f\u009b\u202e\u2028é"),
      "a\\u001b[31m\\r\\n\\tb\\u007f\\u009b\\u202e\\u2028é"
    )
  })

  it("keeps its lines where it may have several", () => {
    assert.strictEqual(printableLines("a\u0007\nb"), "a\\u0007\nb")
  })

  it("is the same JSON where it was JSON", () => {
    const value = { a: ["\u009b\u{e0001}\n", 1] }
    assert.deepStrictEqual(JSON.parse(printableLines(JSON.stringify(value, undefined, 2))), value)
  })

  it("is cut where a long word is quoted", () => {
    assert.strictEqual(quoted("a b"), '"a b"')
    assert.strictEqual(quoted("x".repeat(61)), `"${"x".repeat(60)}…"`)
  })

  it.effect.prop("never holds a control character", [Schema.String], ([text]) =>
    Effect.sync(() => {
      assert.notMatch(printableLine(text), /\p{Cc}/u)
      assert.notMatch(quoted(text), /\p{Cc}/u)
    })
  )
})
