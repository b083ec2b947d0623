import { assert, describe, it } from "@effect/vitest"
import { deltaText } from "../../../src/layers/stats/delta.ts"
import { makeDictionary } from "../../../src/layers/stats/dictionary.ts"
import { makeMover } from "../../../src/layers/stats/snapshot.ts"
import { samples } from "../../exposition.ts"
import { Exposition, textOf } from "./generate.ts"
import { Sizes, snapshotOf, textOfPieces } from "./reading.ts"

describe("a snapshot", () => {
  it.prop(
    "holds what an independent parser reads, wherever the parts end",
    { exposition: Exposition, sizes: Sizes },
    ({ exposition, sizes }) => {
      const text = textOf(exposition)
      const dictionary = makeDictionary()
      const whole = textOfPieces(deltaText(undefined, snapshotOf(text, dictionary, sizes)))
      assert.deepStrictEqual(samples(whole), samples(text))
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop("is the same in another dictionary", { exposition: Exposition }, ({ exposition }) => {
    const snapshot = snapshotOf(textOf(exposition), makeDictionary())
    const other = makeDictionary()
    other.intern(new TextEncoder().encode("before"), 0, 6)
    assert.strictEqual(
      textOfPieces(deltaText(undefined, makeMover(other)(snapshot))),
      textOfPieces(deltaText(undefined, snapshot))
    )
  })
})
