import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { onOneLine } from "../../src/services/oneLine.ts"

describe("onOneLine", () => {
  it("escapes every control character, and nothing else", () => {
    assert.strictEqual(onOneLine("a\r\n\tb\u001b[2J\u007f\u0085\u009b"), "a\\r\\n\\tb\\u001b[2J\\u007f\\u0085\\u009b")
    assert.strictEqual(onOneLine('ü "\\n" 😀'), 'ü "\\n" 😀')
  })

  it.prop("leaves no control character", { text: Schema.String }, ({ text }) => {
    assert.notMatch(onOneLine(text), /\p{Cc}/u)
  })
})
