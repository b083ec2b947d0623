import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { showStats } from "../../src/programs/stats.ts"
import { shows } from "../shows.ts"
import { scriptedAgent } from "./scriptedAgent.ts"

describe("the command stats", () => {
  it.effect("prints what its flags ask for, and a delta with what that needs", () =>
    Effect.gen(function* () {
      shows("control-commands")
      const { layer, requests, written } = scriptedAgent({})
      yield* Effect.provide(showStats({ usedOnly: false, extensionOnly: false, delta: false }), layer)
      yield* Effect.provide(showStats({ usedOnly: true, extensionOnly: true, delta: false }), layer)
      yield* Effect.provide(showStats({ usedOnly: false, extensionOnly: false, delta: true }), layer)
      assert.deepStrictEqual(requests, [
        "GET /stats/prometheus",
        "GET /stats/prometheus?usedonly&filter=metrics_extension",
        "GET /stats/prometheus?usedonly&filter=metrics_extension&delta"
      ])
      assert.deepStrictEqual(written, ["OK\n", "OK\n", "OK\n"])
      assert.deepStrictEqual(yield* TestConsole.errorLines, [])
    })
  )

  it.effect("says on stderr that what it prints is no delta, and why", () =>
    Effect.gen(function* () {
      shows("stats-no-delta")
      for (const [header, words] of [
        ["disabled", /ENABLE_STATS_SNAPSHOT.*current values/],
        ["none", /fewer than two snapshots.*current values/]
      ] as const) {
        const { layer, written } = scriptedAgent({ headers: { "x-snapshot": header } })
        yield* Effect.provide(showStats({ usedOnly: false, extensionOnly: false, delta: true }), layer)
        assert.deepStrictEqual(written, ["OK\n"])
        assert.match(String((yield* TestConsole.errorLines).at(-1)), words)
      }
    })
  )
})
