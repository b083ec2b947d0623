import { assert, describe, it } from "@effect/vitest"
import { similarNames } from "../../../src/layers/commandLine/similarNames.ts"

const known = ["run", "bootstrap", "config", "ready", "status", "drain", "log-level", "stats"]

describe("similarNames", () => {
  it("finds the names with the fewest letters changed", () => {
    assert.deepStrictEqual(similarNames("statsu", known), ["status", "stats"])
    assert.deepStrictEqual(similarNames("drian", known), ["drain"])
    assert.deepStrictEqual(similarNames("botstrp", known), ["bootstrap"])
    assert.deepStrictEqual(similarNames("loglevel", known), ["log-level"])
  })

  it("ignores case", () => {
    assert.deepStrictEqual(similarNames("Ready", known), ["ready"])
  })

  it("takes the beginning of a name for the name", () => {
    assert.deepStrictEqual(similarNames("conf", known), ["config"])
    assert.deepStrictEqual(similarNames("sta", known), ["status", "stats"])
  })

  it("finds nothing where every name is far, in letters or for the length of the name", () => {
    for (const word of ["", "x", "on", "xyzzyplugh", "start", "b", "constantinople"]) {
      assert.deepStrictEqual(similarNames(word, known), [], word)
    }
  })
})
