import { assert, describe, it } from "@effect/vitest"
import { logDestination } from "../../../src/layers/logs/destination.ts"

describe("the destination", () => {
  const destination = (folder: string | undefined, fileName = "a.log") => logDestination({ folder, fileName })

  it("is the agent's outputs where it is not set, or set to the documentation's example", () => {
    for (const folder of [undefined, "stdout", "stderr", "stdout/stderr"])
      assert.deepStrictEqual(destination(folder), { _tag: "AgentOutputs" })
  })

  it("is one output for a name in /dev, and a file everywhere else", () => {
    assert.deepStrictEqual(destination("/dev", "stdout"), { _tag: "OneAgentOutput", name: "stdout" })
    assert.deepStrictEqual(destination("/dev/", "stderr"), { _tag: "OneAgentOutput", name: "stderr" })
    assert.deepStrictEqual(destination("/var/log//"), { _tag: "File", path: "/var/log/a.log" })
  })
})
