import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { showStatus } from "../../src/programs/status.ts"
import type { AgentStatus } from "../../src/services/ManagementClient.ts"
import { shows } from "../shows.ts"
import { outcome, scriptedAgent } from "./scriptedAgent.ts"

const healthy = { healthStatus: "HEALTHY", agentUptime: "1s", envoyPid: "7" }

const once = Effect.fnUntraced(function* (json: boolean, ...statuses: ReadonlyArray<AgentStatus>) {
  const { layer, written } = scriptedAgent({ statuses })
  const result = yield* Effect.result(Effect.provide(showStatus({ json, watch: false }), layer))
  return { ...outcome(result), written: written.join("") }
})

describe("the command status", () => {
  it.effect("prints a table and ends with 0 where the agent is HEALTHY", () =>
    Effect.gen(function* () {
      shows("status-command")
      assert.deepStrictEqual(yield* once(false, healthy), {
        code: 0,
        message: "",
        written: "healthStatus  HEALTHY\nagentUptime   1s\nenvoyPid      7\n"
      })
    })
  )

  it.effect("prints JSON, and ends with 1 where the agent is UNHEALTHY", () =>
    Effect.gen(function* () {
      shows("status-command")
      assert.deepStrictEqual(yield* once(true, { ...healthy, healthStatus: "UNHEALTHY" }), {
        code: 1,
        message: "UNHEALTHY",
        written: '{"healthStatus":"UNHEALTHY","agentUptime":"1s","envoyPid":"7"}\n'
      })
    })
  )

  it.effect("ends with 2 where no agent answers", () =>
    Effect.gen(function* () {
      shows("status-command", "control-exit-codes")
      assert.deepStrictEqual(yield* once(false), {
        code: 2,
        message: "no agent answers on unix:/api.sock: ENOENT",
        written: ""
      })
    })
  )

  it.effect("with --watch prints what changes, and not that time passes", () =>
    Effect.gen(function* () {
      shows("status-command")
      const later = { ...healthy, agentUptime: "2s" }
      const { layer, written } = scriptedAgent({ statuses: [healthy, later, later, { ...later, envoyPid: "8" }] })
      const fiber = yield* Effect.forkScoped(Effect.provide(showStatus({ json: true, watch: true }), layer))
      yield* TestClock.adjust(0)
      assert.lengthOf(written, 1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        written.map((line) => JSON.parse(line).envoyPid),
        ["7", "8"]
      )
    })
  )

  it.effect("with --watch prints the first table at once, and an empty line before each other", () =>
    Effect.gen(function* () {
      const { layer, written } = scriptedAgent({ statuses: [{ envoyPid: "7" }, { envoyPid: "8" }] })
      const fiber = yield* Effect.forkScoped(Effect.provide(showStatus({ json: false, watch: true }), layer))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(written, ["envoyPid  7\n"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(written, ["envoyPid  7\n", "\n", "envoyPid  8\n"])
    })
  )

  it.effect("prints no control character of an answer in its table", () =>
    Effect.gen(function* () {
      const { written } = yield* once(false, { ...healthy, reason: "\u001b[31mred\nline" })
      assert.include(written, "reason        \\u001b[31mred\\nline\n")
    })
  )
})
