import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { parseProcSample } from "../../../src/layers/process/procStat.ts"

describe("a sample of /proc/PID", () => {
  const stat = (name: string, state: string) =>
    `42 (${name}) ${state} 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 12345 99999 2048 18446744073709551615\n`
  const status = "Name:\tenvoy\nVmHWM:\t   99999 kB\nVmRSS:\t    8192 kB\n"

  it.effect.prop("is read whatever the command is called", [Schema.String], ([name]) =>
    Effect.sync(() => {
      assert.deepStrictEqual(
        parseProcSample(stat(name, "S"), status),
        Option.some({ state: "running", residentMemory: 8192 * 1024, cpuTime: 2 })
      )
    })
  )

  it("tells a stopped process and a zombie apart", () => {
    const sampled = (letter: string) => Option.getOrThrow(parseProcSample(stat("envoy", letter), "Name:\tenvoy\n"))
    assert.deepInclude(sampled("T"), { state: "stopped" })
    assert.deepInclude(sampled("Z"), { state: "zombie", residentMemory: 0 })
    assert.deepStrictEqual(parseProcSample("", ""), Option.none())
  })
})
