import { assert, describe, it } from "@effect/vitest"
import { makeExtensionFilter } from "../../../src/layers/stats/extensionFilter.ts"
import { Exposition, partsOf, textOf } from "./generate.ts"
import { Sizes, textOfPieces } from "./reading.ts"

const filteredText = (parts: ReadonlyArray<Uint8Array>) => {
  const filter = makeExtensionFilter()
  return textOfPieces(parts.flatMap((part) => filter.push(part).map((piece) => Uint8Array.from(piece))))
}

/** The same by a regular expression, line by line. */
const expected = (text: string) =>
  text
    .split(/(?<=\n)/)
    .filter((line) => /^[ \t]*(#[ \t]*(HELP|TYPE)[ \t]+)?envoy_appmesh_[\w:]/.test(line))
    .map((line) => line.replace("envoy_appmesh_", ""))
    .join("")

describe("the filter of the metrics extension", () => {
  it.prop(
    "keeps the same bytes as an independent filter, wherever the parts end",
    { exposition: Exposition, sizes: Sizes },
    ({ exposition, sizes }) => {
      const text = textOf(exposition)
      assert.strictEqual(filteredText(partsOf(text, sizes)), expected(text))
      assert.strictEqual(filteredText(partsOf(text, [100_000])), expected(text))
    },
    { arbitrary: { runs: 300 } }
  )

  it("stores at most the beginning of a line", () => {
    const filter = makeExtensionFilter()
    assert.deepStrictEqual(filter.push(new TextEncoder().encode(`#${" ".repeat(5000)}`)), [])
    assert.deepStrictEqual(filter.push(new TextEncoder().encode("TYPE envoy_appmesh_x counter\n")), [])
    assert.strictEqual(textOfPieces(filter.push(new TextEncoder().encode("envoy_appmesh_y 1\n"))), "y 1\n")
  })
})
