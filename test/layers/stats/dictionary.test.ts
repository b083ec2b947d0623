import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { makeDictionary } from "../../../src/layers/stats/dictionary.ts"

describe("a dictionary", () => {
  it.prop("gives each text one id, and the text back", { texts: Schema.Array(Schema.String) }, ({ texts }) => {
    const dictionary = makeDictionary()
    const ids = new Map<string, number>()
    for (const text of [...texts, ...texts]) {
      const bytes = new TextEncoder().encode(`<${text}>`)
      const id = dictionary.intern(bytes, 1, bytes.length - 1)
      const key = Buffer.from(bytes).toString("hex")
      assert.strictEqual(ids.get(key) ?? id, id)
      ids.set(key, id)
      const copy = new Uint8Array(dictionary.lengthOf(id))
      dictionary.copy(id, copy, 0)
      assert.deepStrictEqual(copy, bytes.slice(1, -1))
    }
    assert.strictEqual(dictionary.size(), ids.size)
  })

  it("grows, and stores texts longer than a block", () => {
    const dictionary = makeDictionary()
    const ids = Array.from({ length: 20_000 }, (_, i) => {
      const bytes = new TextEncoder().encode(`series_${i}`)
      return dictionary.intern(bytes, 0, bytes.length)
    })
    assert.deepStrictEqual(new Set(ids).size, 20_000)
    const long = new Uint8Array(3_000_000).fill(97)
    const id = dictionary.intern(long, 0, long.length)
    assert.strictEqual(dictionary.intern(long, 0, long.length), id)
    const copy = new Uint8Array(long.length)
    dictionary.copy(id, copy, 0)
    assert.deepStrictEqual(copy, long)
  })
})
