import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { LogLevelsLive } from "../../../src/layers/management/LogLevelsLive.ts"
import { AdminClient } from "../../../src/services/AdminClient.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { LogLevels } from "../../../src/services/LogLevels.ts"
import { envoyIn, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const running = (epoch: number): EnvoyState => ({ _tag: "Running", epoch, pid: 7, since: 0 })

const levelsOn = Effect.fnUntraced(function* (admin: Layer.Layer<AdminClient>) {
  const state = yield* SubscriptionRef.make<EnvoyState>(running(0))
  const context = yield* Layer.build(
    LogLevelsLive.pipe(
      Layer.provide(
        Layer.mergeAll(
          settings({ ENVOY_LOG_LEVEL: "warn", APPNET_AGENT_LOGGING_RESET_TIMEOUT: "300" }),
          admin,
          envoyIn(state)
        )
      )
    )
  )
  yield* TestClock.adjust(0)
  const { set } = Context.get(context, LogLevels)
  return { set, state }
})

const levels = Effect.gen(function* () {
  const admin = simulatedAdmin()
  const { set, state } = yield* levelsOn(admin.layer)
  const restart = Effect.gen(function* () {
    yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
    yield* SubscriptionRef.set(state, running(1))
    yield* TestClock.adjust(0)
  })
  return { set, state, admin, restart, asked: admin.levels }
})

/** An admin that takes 100 ms to set a level. */
const slowLevels = Effect.gen(function* () {
  const asked: Array<string> = []
  const admin = Layer.mock(AdminClient, {
    setLogLevel: (level) =>
      Effect.delay(
        Effect.sync(() => {
          asked.push(level)
          return "OK\n"
        }),
        "100 millis"
      )
  })
  return { asked, ...(yield* levelsOn(admin)) }
})

describe("LogLevels", () => {
  it.effect("returns to the configured level after the timeout", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_LOGGING_RESET_TIMEOUT", "logging-reset")
      const { asked, set } = yield* levels
      assert.deepStrictEqual(yield* set("debug", false), { from: "warning", to: "debug", changed: true })
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(asked, ["debug"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["debug", "warning"])
      assert.deepStrictEqual(yield* set("warning", false), { from: "warning", to: "warning", changed: false })
    })
  )

  it.effect("restarts the timeout for another level, not for the same one", () =>
    Effect.gen(function* () {
      shows("logging-reset")
      const { asked, set } = yield* levels
      yield* set("debug", false)
      yield* TestClock.adjust("200 seconds")
      yield* set("trace", false)
      yield* TestClock.adjust("200 seconds")
      assert.isFalse((yield* set("trace", false)).changed)
      yield* TestClock.adjust("99 seconds")
      assert.deepStrictEqual(asked, ["debug", "trace"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["debug", "trace", "warning"])
    })
  )

  it.effect("keeps a permanent level, also one that was in force until a reset", () =>
    Effect.gen(function* () {
      shows("logging-reset")
      const { asked, set } = yield* levels
      yield* set("debug", false)
      assert.isFalse((yield* set("debug", true)).changed)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(asked, ["debug"])
      yield* set("trace", false)
      yield* TestClock.adjust("300 seconds")
      assert.deepStrictEqual(asked, ["debug", "trace", "debug"])
    })
  )

  it.effect("retries a reset until Envoy answers", () =>
    Effect.gen(function* () {
      const { admin, asked, set } = yield* levels
      yield* set("debug", false)
      admin.script.state = undefined
      yield* TestClock.adjust("310 seconds")
      assert.deepStrictEqual(asked, ["debug"])
      admin.script.state = "LIVE"
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["debug", "warning"])
    })
  )

  it.effect("forgets a level when Envoy is restarted", () =>
    Effect.gen(function* () {
      shows("restart-resets")
      const { asked, restart, set } = yield* levels
      yield* set("debug", false)
      yield* restart
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(asked, ["debug"])
      assert.strictEqual((yield* set("debug", false)).from, "warning")
    })
  )

  it.effect("sets a permanent level in the next Envoy too", () =>
    Effect.gen(function* () {
      const { asked, restart, set } = yield* levels
      yield* set("error", true)
      yield* restart
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["error", "error"])
    })
  )

  it.effect("fails and changes nothing if Envoy does not answer", () =>
    Effect.gen(function* () {
      const { admin, set } = yield* levels
      admin.script.state = undefined
      assert.strictEqual((yield* Effect.flip(set("debug", false))).reason, "unreachable")
      admin.script.state = "LIVE"
      assert.strictEqual((yield* set("debug", false)).from, "warning")
    })
  )

  it.effect("applies a request right after a restart to the new Envoy", () =>
    Effect.gen(function* () {
      shows("restart-resets")
      const { asked, set, state } = yield* levels
      yield* set("debug", false)
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
      assert.deepStrictEqual(yield* set("debug", false), { from: "warning", to: "debug", changed: true })
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(asked, ["debug", "debug"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["debug", "debug", "warning"])
    })
  )

  it.effect("resets the level also for a client that did not wait for the answer", () =>
    Effect.gen(function* () {
      shows("logging-reset")
      const { asked, set } = yield* slowLevels
      const client = yield* Effect.forkChild(set("debug", false))
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(client)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(asked, ["debug", "warning"])
    })
  )

  it.effect("does not let a reset undo a level that is being set", () =>
    Effect.gen(function* () {
      const { asked, set } = yield* slowLevels
      const first = yield* Effect.forkChild(set("debug", false))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(first)
      yield* TestClock.adjust("299950 millis")
      const second = yield* Effect.forkChild(set("trace", false))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(second), { from: "debug", to: "trace", changed: true })
      assert.deepStrictEqual(asked, ["debug", "trace"])
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(asked, ["debug", "trace", "warning"])
    })
  )
})
