import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { differences } from "./record/compare.ts"
import { produce } from "./record/produce.ts"
import type { Trace } from "./record/trace.ts"

const folder = fileURLToPath(new URL("traces/", import.meta.url))
const read = (name: string): Trace => JSON.parse(readFileSync(`${folder}${name}`, "utf8"))

const names = readdirSync(folder).filter((name) => name.endsWith(".json"))

describe("the model of Envoy", () => {
  it("is held to a few dozen traces", () => {
    assert.isAtLeast(names.length, 36)
  })

  it.each(names)("can produce what a real Envoy did: %s", (name) => {
    assert.deepStrictEqual(produce(read(name), 60).differences, [])
  })
})

describe("the comparison with a trace", () => {
  const trace = read("start-ads.json")
  const { observed } = trace

  it("finds nothing where the observations are those of the trace", () => {
    assert.deepStrictEqual(differences(trace, observed), [])
  })

  it.each([
    ["a state that Envoy was not in", { ...observed, ready: [...observed.ready, [300, "503 DRAINING"] as const] }],
    ["a state that is missing", { ...observed, ready: observed.ready.slice(0, 1) }],
    [
      "a state that comes too late",
      { ...observed, ready: observed.ready.map(([at, value]) => [at + 300, value] as const) }
    ],
    [
      "a counter with another value",
      { ...observed, stats: { ...observed.stats, "listener_manager.lds.update_success": [[100, 2] as const] } }
    ],
    [
      "a counter that the trace has not",
      { ...observed, stats: { ...observed.stats, "listener_manager.lds.update_rejected": [[100, 1] as const] } }
    ],
    ["a counter that is missing", { ...observed, stats: {} }],
    ["an end that did not come", { ...observed, exit: [300, "code 1"] as const }],
    ["other last words", { ...observed, words: ["critical main: something else"] }]
  ])("finds %s", (_what, changed) => {
    assert.isNotEmpty(differences(trace, changed))
  })
})
