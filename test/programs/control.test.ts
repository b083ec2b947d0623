import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, Runtime, Sink, Stdio, Stream } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { drain, setLogLevel, showStats, showStatus } from "../../src/programs/control.ts"
import { type AgentStatus, AgentUnreachable, ManagementClient } from "../../src/services/ManagementClient.ts"
import { shows } from "../shows.ts"

const unreachable = new AgentUnreachable({ address: "unix:/api.sock", problem: "ENOENT" })

interface Agent {
  readonly statuses?: ReadonlyArray<AgentStatus>
  readonly status?: number
  readonly body?: string
}

/** A running agent that answers this; undefined: there is none. */
const agentThat = (agent: Agent | undefined) => {
  const asked: Array<string> = []
  const written: Array<string> = []
  let looks = 0
  const client = ManagementClient.of({
    status: Effect.suspend(() => {
      const { statuses = [] } = agent ?? {}
      const found = statuses[Math.min(looks, statuses.length - 1)]
      looks += 1
      return found === undefined ? Effect.fail(unreachable) : Effect.succeed(found)
    }),
    request: (method, path) => {
      asked.push(`${method} ${path}`)
      if (agent === undefined) return Effect.fail(unreachable)
      const { body = "OK\n", status = 200 } = agent
      return Effect.succeed({ status, body: Stream.make(new TextEncoder().encode(body)) })
    }
  })
  const write = (part: string | Uint8Array) =>
    Effect.sync(() => void written.push(typeof part === "string" ? part : new TextDecoder().decode(part)))
  const stdio = Stdio.layerTest({ stdout: () => Sink.forEach(write) })
  return { asked, written, layer: Layer.merge(Layer.succeed(ManagementClient, client), stdio) }
}

const exitCode = <A, E>(result: Result.Result<A, E>) =>
  Result.isSuccess(result) ? 0 : Runtime.getErrorExitCode(result.failure)

const healthy = { healthStatus: "HEALTHY", agentUptime: "1s", envoyPid: "7" }

describe("the commands for a running agent", () => {
  it.effect("status prints a table or JSON, and exits by health", () =>
    Effect.gen(function* () {
      shows("status-command")
      const { layer } = agentThat({ statuses: [healthy] })
      const table = yield* Effect.result(Effect.provide(showStatus({ json: false, watch: false }), layer))
      assert.strictEqual(exitCode(table), 0)
      const ill = agentThat({ statuses: [{ ...healthy, healthStatus: "UNHEALTHY" }] })
      const json = yield* Effect.result(Effect.provide(showStatus({ json: true, watch: false }), ill.layer))
      assert.strictEqual(exitCode(json), 1)
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        "healthStatus  HEALTHY\nagentUptime   1s\nenvoyPid      7",
        '{"healthStatus":"UNHEALTHY","agentUptime":"1s","envoyPid":"7"}'
      ])
    })
  )

  it.effect("status --watch prints what changes, and not that time passes", () =>
    Effect.gen(function* () {
      shows("status-command")
      const later = { ...healthy, agentUptime: "2s" }
      const { layer } = agentThat({ statuses: [healthy, later, later, { ...later, envoyPid: "8" }] })
      const fiber = yield* Effect.forkScoped(Effect.provide(showStatus({ json: true, watch: true }), layer))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(fiber)
      const lines = yield* TestConsole.logLines
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(`${line}`).envoyPid),
        ["7", "8"]
      )
    })
  )

  it.effect("ask for what the words say", () =>
    Effect.gen(function* () {
      shows("control-commands")
      const { asked, layer, written } = agentThat({})
      yield* Effect.all(
        [
          drain({ graceful: false }),
          drain({ graceful: true }),
          setLogLevel({ level: "debug", permanent: false }),
          setLogLevel({ level: "off", permanent: true }),
          showStats({ usedOnly: false, extensionOnly: false, delta: false }),
          showStats({ usedOnly: true, extensionOnly: true, delta: false }),
          showStats({ usedOnly: false, extensionOnly: false, delta: true })
        ],
        { discard: true }
      ).pipe(Effect.provide(layer))
      assert.deepStrictEqual(asked, [
        "POST /drain_listeners?inboundonly",
        "POST /drain_listeners?inboundonly&graceful",
        "POST /enableLogging?level=debug",
        "POST /enableLogging?level=off&permanent=true",
        "GET /stats/prometheus",
        "GET /stats/prometheus?usedonly&filter=metrics_extension",
        "GET /stats/prometheus?usedonly&filter=metrics_extension&delta"
      ])
      assert.deepStrictEqual(written, ["OK\n", "OK\n", "OK\n"])
    })
  )

  it.effect("say why an agent refused, and that there is none", () =>
    Effect.gen(function* () {
      shows("control-exit-codes")
      const commands = [
        drain({ graceful: false }),
        setLogLevel({ level: "debug", permanent: false }),
        showStats({ usedOnly: false, extensionOnly: false, delta: false })
      ]
      for (const command of commands) {
        const refused = yield* Effect.result(
          Effect.provide(command, agentThat({ status: 429, body: "too many\n" }).layer)
        )
        assert.strictEqual(exitCode(refused), 1)
        assert.include(String(Result.isFailure(refused) && refused.failure.message), "refused (429): too many")
        const none = yield* Effect.result(Effect.provide(command, agentThat(undefined).layer))
        assert.strictEqual(exitCode(none), 2)
        assert.include(
          String(Result.isFailure(none) && none.failure.message),
          "no agent answers on unix:/api.sock: ENOENT"
        )
      }
      const none = yield* Effect.result(
        Effect.provide(showStatus({ json: false, watch: false }), agentThat(undefined).layer)
      )
      assert.strictEqual(exitCode(none), 2)
    })
  )

  it.effect("say that a level is in force already", () =>
    Effect.gen(function* () {
      yield* Effect.provide(
        setLogLevel({ level: "info", permanent: false }),
        agentThat({ status: 304, body: "" }).layer
      )
      assert.deepStrictEqual(yield* TestConsole.logLines, ["the level is info already"])
    })
  )
})
