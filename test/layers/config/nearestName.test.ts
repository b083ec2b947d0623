import { assert, describe, it } from "@effect/vitest"
import { nearestName } from "../../../src/layers/config/nearestName.ts"

describe("nearestName", () => {
  it("finds the name with the smallest edit distance", () => {
    const known = ["ENVOY_LOG_LEVEL", "ENVOY_ADMIN_MODE", "ENVOY_CONCURRENCY"]
    assert.strictEqual(nearestName("ENVOY_LOGLEVEL", known), "ENVOY_LOG_LEVEL")
    assert.strictEqual(nearestName("ENVOY_ADMIN_MOOD", known), "ENVOY_ADMIN_MODE")
    assert.strictEqual(nearestName("ENVOY_CONCURENCY", known), "ENVOY_CONCURRENCY")
  })
})
