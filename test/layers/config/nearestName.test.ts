import { assert, describe, it } from "@effect/vitest"
import { editDistance, nearestName } from "../../../src/layers/config/nearestName.ts"

describe("nearestName", () => {
  it("finds the name with the smallest edit distance", () => {
    const known = ["ENVOY_LOG_LEVEL", "ENVOY_ADMIN_MODE", "ENVOY_CONCURRENCY"]
    assert.strictEqual(nearestName("ENVOY_LOGLEVEL", known), "ENVOY_LOG_LEVEL")
    assert.strictEqual(nearestName("ENVOY_ADMIN_MOOD", known), "ENVOY_ADMIN_MODE")
    assert.strictEqual(nearestName("ENVOY_CONCURENCY", known), "ENVOY_CONCURRENCY")
  })
})

describe("editDistance", () => {
  it("counts insertions, deletions, replacements, and swaps of neighbours as one step each", () => {
    const cases = [
      ["stats", "stats", 0],
      ["stat", "stats", 1],
      ["statss", "stats", 1],
      ["stass", "stats", 1],
      ["statsu", "status", 1],
      ["", "run", 3],
      ["run", "", 3],
      ["kitten", "sitting", 3]
    ] as const
    for (const [a, b, steps] of cases) assert.strictEqual(editDistance(a, b), steps, `${a} ${b}`)
  })
})
