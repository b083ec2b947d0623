import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { LogLevelsLive } from "../../../src/layers/management/LogLevelsLive.ts"
import { ConfiguredLogLevelLive } from "../../../src/layers/process/ConfiguredLogLevelLive.ts"
import { AdminClient, AdminError } from "../../../src/services/AdminClient.ts"
import { ConfiguredLogLevel } from "../../../src/services/ConfiguredLogLevel.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { type LogLevel, LogLevels } from "../../../src/services/LogLevels.ts"
import { code, envoyIn, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const running = (epoch: number): EnvoyState => ({ _tag: "Running", epoch, pid: 7, since: 0 })

const levelsOn = Effect.fnUntraced(function* (admin: Layer.Layer<AdminClient>) {
  const lines: Array<string> = []
  const state = yield* SubscriptionRef.make<EnvoyState>(running(0))
  const context = yield* Layer.build(
    LogLevelsLive.pipe(
      Layer.provideMerge(ConfiguredLogLevelLive),
      Layer.provide(
        Layer.mergeAll(
          settings({ ENVOY_LOG_LEVEL: "warn", APPNET_AGENT_LOGGING_RESET_TIMEOUT: "300" }),
          admin,
          envoyIn(state)
        )
      ),
      Layer.provideMerge(
        Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
      )
    )
  )
  yield* TestClock.adjust(0)
  const service = Context.get(context, LogLevels)
  const changeTo = (level: LogLevel, permanent: boolean) =>
    Effect.provideContext(service.set(level, permanent, "10.0.0.9"), context)
  return {
    state,
    lines,
    configured: Context.get(context, ConfiguredLogLevel),
    report: service.report,
    changeTo,
    set: (level: LogLevel, permanent: boolean) =>
      Effect.map(changeTo(level, permanent), ({ changed, from, to }) => ({ from, to, changed }))
  }
})

const levels = Effect.gen(function* () {
  const admin = simulatedAdmin({ level: "warning" })
  const world = yield* levelsOn(admin.layer)
  const restart = Effect.tap(restarting(world), (level) =>
    Effect.sync(() => {
      admin.script.level = Option.getOrElse(level, () => "warning")
    })
  )
  return { ...world, admin, restart, asked: admin.levels }
})

/** Envoy's end and its next start. */
const restarting = ({ configured, state }: Effect.Success<ReturnType<typeof levelsOn>>) =>
  Effect.gen(function* () {
    yield* SubscriptionRef.set(state, { _tag: "Exited", epoch: 0, exit: code(1) })
    yield* TestClock.adjust(0)
    yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
    const level = yield* configured.takeForStart
    yield* SubscriptionRef.set(state, running(1))
    yield* TestClock.adjust(0)
    return level
  })

/** An admin that takes 100 ms to set a level. */
const slowLevels = Effect.gen(function* () {
  const asked: Array<string> = []
  const admin = Layer.mock(AdminClient, {
    logLevels: Effect.sync(() => [asked.at(-1) ?? "warning"]),
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

  it.effect("starts the next Envoy with a permanent level", () =>
    Effect.gen(function* () {
      shows("restart-level")
      const { asked, report, restart, set } = yield* levels
      yield* set("error", true)
      assert.deepStrictEqual(yield* restart, Option.some("error"))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(asked, ["error"])
      assert.deepStrictEqual(yield* report, { level: "error", resetsAt: Option.none() })
      yield* set("debug", false)
      yield* TestClock.adjust("300 seconds")
      assert.deepStrictEqual(asked, ["error", "debug", "error"])
    })
  )

  it.effect("reports the level and when it is reset, and logs who asked", () =>
    Effect.gen(function* () {
      shows("logging-reported")
      const { changeTo, lines, report, restart } = yield* levels
      assert.deepStrictEqual(yield* report, { level: "warning", resetsAt: Option.none() })
      yield* TestClock.adjust("1 minute")
      const { reset } = yield* changeTo("debug", false)
      assert.deepStrictEqual(reset, Option.some({ to: "warning", at: 360_000 }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* report, { level: "debug", resetsAt: Option.some(360_000) })
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(yield* report, { level: "warning", resetsAt: Option.none() })
      yield* changeTo("error", true)
      assert.deepStrictEqual(yield* report, { level: "error", resetsAt: Option.none() })
      assert.deepStrictEqual(lines, [
        "Info Envoy's log level is set from [warning] to [debug], requested by 10.0.0.9, until 1970-01-01T00:06:00Z, when it is reset to [warning]",
        "Info Envoy's log level is warning again",
        "Info Envoy's log level is set from [warning] to [error], requested by 10.0.0.9, until it is set again"
      ])
      yield* changeTo("debug", false)
      yield* restart
      assert.deepStrictEqual(yield* report, { level: "error", resetsAt: Option.none() })
    })
  )

  it.effect(
    "does not know the level that Envoy has after a request without an answer, and resets it all the same",
    () =>
      Effect.gen(function* () {
        shows("logging-unknown", "logging-reset")
        const { admin, asked, changeTo, lines, report } = yield* levels
        admin.script.levelFails = "timeout"
        const error = yield* Effect.flip(changeTo("debug", false))
        assert.strictEqual(error.reason, "timeout")
        const until = "Envoy's log level is unknown until 1970-01-01T00:05:00Z, when it is reset to [warning]"
        assert.include(error.message, until)
        assert.deepStrictEqual(lines, [`Warn ${until}: level [debug], requested by 10.0.0.9, has no answer`])
        assert.deepStrictEqual(yield* report, { level: "unknown", resetsAt: Option.some(300_000) })
        yield* TestClock.adjust("4 minutes")
        admin.script.levelFails = undefined
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(asked, ["warning"])
        assert.deepStrictEqual(yield* report, { level: "warning", resetsAt: Option.none() })
      })
  )

  it.effect("promises no time that Envoy may not live to see while the agent stops it", () =>
    Effect.gen(function* () {
      shows("promises-while-stopping")
      const { admin, changeTo, lines, state } = yield* levels
      yield* SubscriptionRef.set(state, { _tag: "Draining", epoch: 0, pid: 7 })
      const reset = "or until 1970-01-01T00:05:00Z, when it is reset to [warning]"
      const ends = "until Envoy ends, which the agent is stopping,"
      admin.script.levelFails = "timeout"
      assert.include((yield* Effect.flip(changeTo("debug", false))).message, `is unknown ${ends} ${reset}`)
      admin.script.levelFails = undefined
      assert.isTrue((yield* changeTo("debug", false)).isStopping)
      assert.include(lines.at(-1), `requested by 10.0.0.9, ${ends} ${reset}`)
      yield* changeTo("error", true)
      assert.include(lines.at(-1), `requested by 10.0.0.9, ${ends} or until it is set again`)
    })
  )

  it.effect("asks Envoy for its level before it takes one for that in force, since others may have changed it", () =>
    Effect.gen(function* () {
      shows("logging-changed-elsewhere")
      const { admin, asked, changeTo, lines, report, set } = yield* levels
      admin.script.level = "debug"
      assert.deepStrictEqual(yield* set("warning", false), { from: "debug", to: "warning", changed: true })
      assert.deepStrictEqual(asked, ["warning"])
      assert.include(lines[0], "Envoy's log level was changed from [warning] to [debug], but not by the agent")
      admin.script.level = "error"
      assert.isFalse((yield* set("error", false)).changed)
      assert.deepStrictEqual(yield* report, { level: "error", resetsAt: Option.none() })
      admin.script.level = "error trace"
      admin.script.levelFails = "status"
      yield* Effect.flip(changeTo("error", false))
      assert.strictEqual((yield* report).level, "mixed")
      admin.script.levelFails = undefined
      assert.deepStrictEqual(yield* set("error", false), { from: "mixed", to: "error", changed: true })
      for (const level of [undefined, "loud"]) {
        admin.script.level = level
        assert.deepStrictEqual(yield* set("error", false), { from: "unknown", to: "error", changed: true })
      }
    })
  )

  it.effect("passes on any level after a request without an answer, also the one that was in force before", () =>
    Effect.gen(function* () {
      shows("logging-unknown")
      for (const level of ["warning", "debug"] as const) {
        const { admin, asked, report, set } = yield* levels
        admin.script.levelFails = "timeout"
        yield* Effect.flip(set("debug", false))
        admin.script.levelFails = undefined
        assert.deepStrictEqual(yield* set(level, false), { from: "unknown", to: level, changed: true })
        assert.deepStrictEqual(asked, [level])
        assert.strictEqual((yield* report).level, level)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual((yield* report).level, "warning")
      }
    })
  )

  it.effect("does not make a level permanent that Envoy has not confirmed", () =>
    Effect.gen(function* () {
      shows("logging-unknown")
      const { admin, asked, restart, set } = yield* levels
      admin.script.levelFails = "timeout"
      yield* Effect.flip(set("debug", true))
      admin.script.levelFails = undefined
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(asked, ["warning"])
      assert.deepStrictEqual(yield* restart, Option.none())
    })
  )

  it.effect("knows the level again after a reset that was without an answer for a while", () =>
    Effect.gen(function* () {
      shows("logging-unknown", "logging-reset")
      const { admin, asked, report, set } = yield* levels
      yield* set("debug", false)
      admin.script.levelFails = "timeout"
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* report, { level: "unknown", resetsAt: Option.some(300_000) })
      yield* TestClock.adjust("3 seconds")
      admin.script.levelFails = undefined
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, ["debug", "warning"])
      assert.deepStrictEqual(yield* report, { level: "warning", resetsAt: Option.none() })
    })
  )

  it.effect("keeps a pending reset where Envoy refused another level, or did not get the request", () =>
    Effect.gen(function* () {
      shows("logging-reset")
      for (const levelFails of ["status", true] as const) {
        const { admin, asked, report, set } = yield* levels
        yield* set("debug", false)
        const before = yield* report
        yield* TestClock.adjust("1 minute")
        admin.script.levelFails = levelFails
        yield* Effect.flip(set("trace", false))
        admin.script.levelFails = undefined
        assert.deepStrictEqual(yield* report, before)
        yield* TestClock.adjust("4 minutes")
        assert.deepStrictEqual(asked, ["debug", "warning"])
      }
    })
  )

  it.effect("replaces a reset that comes due while a request is on its way without an answer", () =>
    Effect.gen(function* () {
      shows("logging-unknown", "logging-reset")
      const asked: Array<string> = []
      let hangs = false
      const admin = Layer.mock(AdminClient, {
        logLevels: Effect.sync(() => [asked.at(-1) ?? "warning"]),
        setLogLevel: (level) =>
          Effect.suspend(() => {
            asked.push(level)
            const timeout = new AdminError({ endpoint: "/logging", reason: "timeout", detail: "" })
            return hangs ? Effect.delay(Effect.fail(timeout), "1 second") : Effect.succeed("OK\n")
          })
      })
      const { report, set } = yield* levelsOn(admin)
      yield* set("debug", false)
      yield* TestClock.adjust("299500 millis")
      hangs = true
      const second = yield* Effect.forkChild(Effect.flip(set("trace", false)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(second)
      hangs = false
      // The first reset was due at 300 s, before Envoy carried out what it had not answered.
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(asked, ["debug", "trace"])
      assert.deepStrictEqual(yield* report, { level: "unknown", resetsAt: Option.some(600_500) })
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(asked, ["debug", "trace", "warning"])
      assert.strictEqual((yield* report).level, "warning")
    })
  )

  it.effect("ends a request under way with its Envoy, and repeats it to no other", () =>
    Effect.gen(function* () {
      shows("logging-restart")
      const attempts = { begun: 0, interrupted: 0 }
      const hanging = Layer.mock(AdminClient, {
        logLevels: Effect.succeed(["warning"]),
        setLogLevel: () =>
          Effect.suspend(() => {
            attempts.begun += 1
            return Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                attempts.interrupted += 1
              })
            )
          })
      })
      const world = yield* levelsOn(hanging)
      const asked = yield* Effect.forkChild(Effect.flip(world.set("debug", true)))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* restarting(world), Option.none())
      assert.strictEqual((yield* Fiber.join(asked)).detail, "Envoy has ended")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(attempts, { begun: 1, interrupted: 1 })
      assert.deepStrictEqual(yield* world.report, { level: "warning", resetsAt: Option.none() })
    })
  )

  it.effect("forgets what an Envoy did not answer when it is restarted", () =>
    Effect.gen(function* () {
      shows("logging-restart")
      const { admin, asked, report, restart, set } = yield* levels
      admin.script.levelFails = "timeout"
      yield* Effect.flip(set("debug", false))
      yield* restart
      admin.script.levelFails = undefined
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual(yield* report, { level: "warning", resetsAt: Option.none() })
      assert.isFalse((yield* set("warning", false)).changed)
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
      const { admin, asked, set, state } = yield* levels
      yield* set("debug", false)
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
      admin.script.level = "warning"
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
