import { assert, describe, it } from "@effect/vitest"
import { alignColumns, wrap } from "../../../src/layers/commandLine/columns.ts"

describe("alignColumns", () => {
  it("pads every cell but the last of a row", () => {
    assert.strictEqual(
      alignColumns([
        ["a", "bb", "c"],
        ["aaa", "b", "cc"]
      ]),
      "a    bb  c\naaa  b   cc"
    )
    assert.strictEqual(alignColumns([]), "")
  })
})

describe("wrap", () => {
  it("breaks between words, and leaves a word that is too long on its own line", () => {
    assert.deepStrictEqual(wrap("one two three", 7), ["one two", "three"])
    assert.deepStrictEqual(wrap("a incomprehensible b", 5), ["a", "incomprehensible", "b"])
    assert.deepStrictEqual(wrap("", 5), [""])
  })
})
