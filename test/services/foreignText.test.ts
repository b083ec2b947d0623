import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { foreignLine, longestForeignText } from "../../src/services/foreignText.ts"
import { shows } from "../shows.ts"

describe("foreign text", () => {
  it("is one line, with control characters escaped", () => {
    shows("foreign-text")
    assert.strictEqual(
      foreignLine(" denied\u001b[31m\r\n\tby \u202e\u2028policy\n"),
      "denied\\u001b[31m\\r\\n\\tby \\u202e\\u2028policy"
    )
    assert.strictEqual(foreignLine("half a character: \ud83d"), "half a character: \\ud83d")
  })

  it("has 500 characters at most, and shows that it was cut", () => {
    shows("foreign-text")
    assert.strictEqual(foreignLine(`${"x".repeat(500)}\n`), "x".repeat(500))
    assert.strictEqual(foreignLine("x".repeat(501)), `${"x".repeat(499)}…`)
    assert.strictEqual(foreignLine("x".repeat(120_000), 10), `${"x".repeat(9)}…`)
  })

  it("is cut between characters, never inside one or its escape", () => {
    assert.strictEqual(foreignLine("\u001b".repeat(120_000)), `${"\\u001b".repeat(83)}…`)
    assert.strictEqual(foreignLine("😀".repeat(300)), `${"😀".repeat(249)}…`)
  })

  it.effect.prop("is printable and short, whatever it was", [Schema.String], ([text]) =>
    Effect.sync(() => {
      const line = foreignLine(text.repeat(50))
      assert.notMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      assert.isAtMost(line.length, longestForeignText)
    })
  )
})
