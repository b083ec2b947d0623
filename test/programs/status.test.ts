import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { showStatus } from "../../src/programs/status.ts"
import type { AgentStatus } from "../../src/services/ManagementClient.ts"
import { shows } from "../shows.ts"
import { outcome, scriptedAgent } from "./scriptedAgent.ts"

const healthy = { healthStatus: "HEALTHY", agentUptime: "1s", envoyPid: "7" }

const once = (json: boolean, ...statuses: ReadonlyArray<AgentStatus>) =>
  Effect.result(Effect.provide(showStatus({ json, watch: false }), scriptedAgent({ statuses }).layer))

describe("the command status", () => {
  it.effect("prints a table and ends with 0 where the agent is HEALTHY", () =>
    Effect.gen(function* () {
      shows("status-command")
      assert.strictEqual(outcome(yield* once(false, healthy)).code, 0)
      assert.deepStrictEqual(yield* TestConsole.logLines, ["healthStatus  HEALTHY\nagentUptime   1s\nenvoyPid      7"])
    })
  )

  it.effect("prints JSON, and ends with 1 where the agent is UNHEALTHY", () =>
    Effect.gen(function* () {
      shows("status-command")
      const result = yield* once(true, { ...healthy, healthStatus: "UNHEALTHY" })
      assert.deepStrictEqual(outcome(result), { code: 1, message: "UNHEALTHY" })
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        '{"healthStatus":"UNHEALTHY","agentUptime":"1s","envoyPid":"7"}'
      ])
    })
  )

  it.effect("ends with 2 where no agent answers", () =>
    Effect.gen(function* () {
      shows("status-command", "control-exit-codes")
      assert.deepStrictEqual(outcome(yield* once(false)), {
        code: 2,
        message: "no agent answers on unix:/api.sock: ENOENT"
      })
    })
  )

  it.effect("with --watch prints what changes, and not that time passes", () =>
    Effect.gen(function* () {
      shows("status-command")
      const later = { ...healthy, agentUptime: "2s" }
      const { layer } = scriptedAgent({ statuses: [healthy, later, later, { ...later, envoyPid: "8" }] })
      const fiber = yield* Effect.forkScoped(Effect.provide(showStatus({ json: true, watch: true }), layer))
      yield* TestClock.adjust(0)
      assert.lengthOf(yield* TestConsole.logLines, 1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(fiber)
      const lines = yield* TestConsole.logLines
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(`${line}`).envoyPid),
        ["7", "8"]
      )
    })
  )

  it.effect("with --watch prints the first table at once, and an empty line before each other", () =>
    Effect.gen(function* () {
      const { layer } = scriptedAgent({ statuses: [{ envoyPid: "7" }, { envoyPid: "8" }] })
      const fiber = yield* Effect.forkScoped(Effect.provide(showStatus({ json: false, watch: true }), layer))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* TestConsole.logLines, ["envoyPid  7"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* TestConsole.logLines, ["envoyPid  7", "", "envoyPid  8"])
    })
  )

  it.effect("prints no control character of an answer in its table", () =>
    Effect.gen(function* () {
      yield* once(false, { ...healthy, reason: "\u001b[31mred\nline" })
      assert.include(String(yield* TestConsole.logLines), "reason        \\u001b[31mred\\nline")
    })
  )
})
