import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Result, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { OwnEnvoyLive } from "../../../src/layers/admin/OwnEnvoyLive.ts"
import { AdminError, type ServerInfo } from "../../../src/services/AdminClient.ts"
import { AdminListener, type Listener } from "../../../src/services/AdminListener.ts"
import { Bootstrap, BootstrapFile } from "../../../src/services/Bootstrap.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { OwnEnvoy } from "../../../src/services/OwnEnvoy.ts"
import { bootstrapWith, envoyIn } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const path = "/run/agent/bootstrap.json"
const running: EnvoyState = { _tag: "Running", epoch: 0, pid: 7, since: 0 }
const other: Listener = { _tag: "OtherProgram", program: "pid 9, envoy", socket: "123" }
const unknown: Listener = { _tag: "Unknown", reason: "/proc is not mounted" }

const infoOf = (config_path: string, uptime_current_epoch = "1s"): ServerInfo => ({
  version: "x",
  state: "LIVE",
  uptime_current_epoch,
  command_line_options: { config_path }
})

/** Checks in a world that the test changes; `asked` counts the requests for an account. */
const checking = Effect.fnUntraced(function* (first: Listener, isCustom = false) {
  const world: { listener: Listener; socketFile: string; info: ServerInfo | "silence" | undefined } = {
    listener: first,
    socketFile: "",
    info: undefined
  }
  const count = { asked: 0, looked: 0 }
  const lines: Array<string> = []
  const state = yield* SubscriptionRef.make<EnvoyState>(running)
  const bootstrap = bootstrapWith(isCustom ? { document: { _tag: "Custom", path, text: "" } } : {})
  const context = yield* Layer.build(
    OwnEnvoyLive.pipe(
      Layer.provide(Layer.succeed(Bootstrap, bootstrap)),
      Layer.provide(
        Layer.succeed(BootstrapFile, BootstrapFile.of({ prepare: Effect.succeed(path), path: Effect.succeed(path) }))
      ),
      Layer.provide(envoyIn(state)),
      Layer.provide(
        Layer.succeed(
          AdminListener,
          AdminListener.of({
            listener: Effect.sync(() => {
              count.looked += 1
              return world.listener
            }),
            socketFile: Effect.sync(() => world.socketFile)
          })
        )
      ),
      Layer.provideMerge(
        Logger.layer([Logger.make<unknown, void>(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
      )
    )
  )
  const serverInfo = Effect.suspend(() => {
    count.asked += 1
    if (world.info === "silence") return Effect.never
    if (world.info !== undefined) return Effect.succeed(world.info)
    return Effect.fail(new AdminError({ endpoint: "/server_info", reason: "unreachable", detail: "ECONNREFUSED" }))
  })
  const check = Effect.gen(function* () {
    const result = yield* Effect.result((yield* OwnEnvoy).check("/ready", serverInfo))
    return Result.isSuccess(result) ? "own" : `${result.failure.reason}: ${result.failure.message}`
  }).pipe(Effect.provideContext(context))
  yield* TestClock.adjust(0)
  return { world, state, check, count, lines: () => lines.filter((line) => !line.startsWith("Debug")) }
})

const foreign = "foreign: another program (pid 9, envoy) listens on the address of Envoy's admin, 127.0.0.1:9901"

describe("the agent's own Envoy", () => {
  it.effect("is known by its socket, and not looked for again in this life", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const { check, count, state, world } = yield* checking({ _tag: "OwnEnvoy" })
      assert.strictEqual(yield* check, "own")
      assert.strictEqual(yield* check, "own")
      assert.deepStrictEqual(count, { asked: 0, looked: 1 })
      world.listener = other
      yield* SubscriptionRef.set(state, { _tag: "Running", epoch: 1, pid: 8, since: 0 })
      assert.strictEqual(yield* check, foreign)
    })
  )

  it.effect("is none while no Envoy runs: whoever listens is another program", () =>
    Effect.gen(function* () {
      const { check, count, state, world } = yield* checking({ _tag: "OwnEnvoy" })
      assert.strictEqual(yield* check, "own")
      yield* SubscriptionRef.set(state, { _tag: "Exited", epoch: 0, exit: { _tag: "Code", code: 1 } })
      world.listener = other
      assert.strictEqual(yield* check, foreign)
      world.listener = { _tag: "Nobody" }
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* check, "unreachable: Envoy's admin /ready: unreachable (Envoy does not run)")
      assert.strictEqual(count.asked, 0)
    })
  )

  it.effect("is told by its bootstrap where the operating system does not tell", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      for (const listener of [unknown, { _tag: "Nobody" }] as const) {
        const { check, count, lines, world } = yield* checking(listener)
        assert.strictEqual(yield* check, "unreachable: Envoy's admin /ready: unreachable (ECONNREFUSED)")
        world.info = infoOf(path)
        assert.strictEqual(yield* check, "own")
        assert.strictEqual(yield* check, "own")
        assert.strictEqual(count.asked, 2)
        assert.deepStrictEqual(lines(), [])
      }
      const { check, lines, world } = yield* checking(unknown)
      world.info = infoOf("/etc/\u001b[31m.yaml")
      const problem =
        "another Envoy (started with -c /etc/\\u001b[31m.yaml) answers at the address of its admin, 127.0.0.1:9901"
      assert.strictEqual(yield* check, `foreign: ${problem}`)
      assert.deepStrictEqual(lines(), [`Warn ${problem}: nothing is asked of it`])
    })
  )

  it.effect("of a custom bootstrap is not older than its process, and the log says what is not certain", () =>
    Effect.gen(function* () {
      const { check, lines, world } = yield* checking(unknown, true)
      yield* TestClock.adjust("60 seconds")
      world.info = infoOf(path, "63s")
      assert.match(yield* check, /^foreign: an older Envoy answers at the address of its admin/)
      world.info = infoOf(path, "60s")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* check, "own")
      assert.include(
        lines(),
        "Info whether the Envoy at 127.0.0.1:9901 is this agent's is not certain: /proc is not mounted"
      )
    })
  )

  it.effect("is looked for again where it answers though nobody listened: it may have begun in between", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      for (const isCustom of [true, false]) {
        const { check, lines, world } = yield* checking({ _tag: "Nobody" }, isCustom)
        const found: Array<Listener> = [{ _tag: "Nobody" }]
        const next = (): Listener => found.shift() ?? { _tag: "OwnEnvoy" }
        Object.defineProperty(world, "listener", { get: next })
        world.info = infoOf(path)
        assert.strictEqual(yield* check, "own")
        assert.deepStrictEqual(lines(), [])
      }
      const { check, world } = yield* checking({ _tag: "Nobody" }, true)
      const found: Array<Listener> = [{ _tag: "Nobody" }]
      Object.defineProperty(world, "listener", { get: () => found.shift() ?? other })
      world.info = infoOf(path)
      assert.match(yield* check, /^unreachable: .*a program has just begun to listen there/)
      assert.strictEqual(yield* check, foreign)
    })
  )

  it.effect("with a generated bootstrap counts though its socket seems to be another program's", () =>
    Effect.gen(function* () {
      const { check, world } = yield* checking(other)
      world.info = infoOf(path)
      assert.strictEqual(yield* check, "own")
    })
  )

  it.effect("is not another program that never answers; that one is asked once, and named once in the log", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const { check, count, lines, world } = yield* checking(other)
      world.info = "silence"
      const fiber = yield* Effect.forkChild(check)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* check, foreign)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* check, foreign)
      assert.strictEqual(count.asked, 1)
      assert.lengthOf(lines(), 1)
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("is lost where its socket file was replaced, and only unreachable where that was removed", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const { check, world } = yield* checking({ _tag: "OwnEnvoy" })
      world.socketFile = "1:10"
      assert.strictEqual(yield* check, "own")
      world.socketFile = ""
      assert.strictEqual(yield* check, "own")
      world.socketFile = "1:11"
      assert.match(yield* check, /^foreign: another program has replaced the socket of Envoy's admin/)
    })
  )

  it.effect("is not settled while an earlier one's socket file is being replaced by its own", () =>
    Effect.gen(function* () {
      const { check, world } = yield* checking({ _tag: "OwnEnvoy" })
      const files = ["1:10", "1:11", "1:11", "1:11", "1:11"]
      Object.defineProperty(world, "socketFile", { get: () => files.shift() ?? "1:11" })
      assert.match(yield* check, /^unreachable: .*its socket has just been replaced/)
      assert.strictEqual(yield* check, "own")
      assert.strictEqual(yield* check, "own")
    })
  )

  it.effect("is warned of before its start where its address is taken", () =>
    Effect.gen(function* () {
      const { lines, state, world } = yield* checking({ _tag: "Nobody" })
      world.listener = other
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(lines(), [
        "Warn another program (pid 9, envoy) listens on the address of Envoy's admin, 127.0.0.1:9901 (ENVOY_ADMIN_ACCESS_PORT): Envoy ends if it cannot listen there too"
      ])
    })
  )
})
