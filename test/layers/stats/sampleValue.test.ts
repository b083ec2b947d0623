import { assert, describe, it } from "@effect/vitest"
import { formatValue, parseValue } from "../../../src/layers/stats/sampleValue.ts"

describe("the value of a sample", () => {
  it("reads every kind of number, and writes them so that they are read again", () => {
    for (const text of ["0", "-1", "1.5", "NaN", "+Inf", "-Inf", "1e+06", "123456789012"]) {
      const value = parseValue(text)
      assert.isTrue(Object.is(parseValue(formatValue(value ?? 0)), value), text)
    }
    for (const text of ["", "x", "1x"]) assert.isUndefined(parseValue(text))
  })
})
