import { assert, describe, it } from "@effect/vitest"
import { levelsOfLoggers } from "../../../src/layers/admin/loggers.ts"

describe("the levels of Envoy's loggers", () => {
  it("are each told once", () => {
    assert.deepStrictEqual(levelsOfLoggers("active loggers:\n  a2a: info\n  admin: info\n"), ["info"])
    assert.deepStrictEqual(levelsOfLoggers("active loggers:\n  a2a: info\n  admin: trace\n  aws: info\n"), [
      "info",
      "trace"
    ])
  })

  it("are none where the text is another", () => {
    assert.deepStrictEqual(levelsOfLoggers("OK\n"), [])
  })
})
