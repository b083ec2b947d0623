import { describe, expect, it } from "vitest"
import { fitParts } from "../../demo/statusLine.ts"

describe("fitParts", () => {
  const parts = ["HEALTHY", "12 requests ok", "0 failed"]

  it("joins all parts that fit, and leaves the last column free", () => {
    const line = "HEALTHY, 12 requests ok, 0 failed"
    expect(fitParts(parts, 200)).toBe(line)
    expect(fitParts(parts, line.length + 1)).toBe(line)
    expect(fitParts(parts, line.length)).toBe("HEALTHY, 12 requests ok")
  })

  it("cuts the first part if it does not fit", () => {
    expect(fitParts(parts, 5)).toBe("HEAL")
    expect(fitParts(parts, 1)).toBe("")
    expect(fitParts([], 80)).toBe("")
  })
})
