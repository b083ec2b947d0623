import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionDiagnosisLive } from "../../../src/layers/diagnosis/ConnectionDiagnosisLive.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../../src/services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../../src/services/HealthMonitor.ts"
import { quietStats, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const disconnected: Health = {
  status: "UNHEALTHY",
  reason: "Envoy is PRE_INITIALIZING",
  envoyState: "PRE_INITIALIZING",
  connection: { _tag: "Disconnected", since: 0 },
  initialConfig: "UNDECIDED",
  initialized: false
}
const unreachable: Health = { ...disconnected, envoyState: "UNREACHABLE" }
const draining: Health = { ...disconnected, envoyState: "DRAINING" }
const connected: Health = { ...disconnected, connection: { _tag: "Connected" } }

/** A diagnosis that follows this health. `probe` holds the cause that the probe finds, and counts its calls. */
const diagnosing = Effect.fnUntraced(function* (first: Health, environment: Readonly<Record<string, string>> = {}) {
  const health = yield* SubscriptionRef.make<Health>(first)
  const probe: { cause: string | undefined; calls: number; takes: number; streams: number } = {
    cause: "nothing listens",
    calls: 0,
    takes: 0,
    streams: 0
  }
  const admin = simulatedAdmin({ stats: { ...quietStats, connected: Option.some(false) } })
  const lines: Array<string> = []
  const context = yield* Layer.build(
    ConnectionDiagnosisLive.pipe(
      Layer.provide(Layer.succeed(HealthMonitor, HealthMonitor.of({ health }))),
      Layer.provide(admin.layer),
      Layer.provide(settings(environment)),
      Layer.provide(
        Layer.succeed(
          ManagementServerProbe,
          ManagementServerProbe.of({
            diagnose: Effect.fnUntraced(function* (isNeeded) {
              probe.calls += 1
              yield* Effect.sleep(probe.takes)
              if (yield* isNeeded) probe.streams += 1
              return Option.fromUndefinedOr(probe.cause)
            })
          })
        )
      ),
      Layer.provideMerge(Logger.layer([Logger.make<unknown, void>(({ message }) => void lines.push(`${message}`))]))
    )
  )
  const { problem } = yield* Effect.provideContext(ConnectionDiagnosis, context)
  yield* TestClock.adjust(0)
  return { admin, health, probe, lines, problem: SubscriptionRef.get(problem) }
})

describe("a diagnosis", () => {
  it.effect("begins 1 s after the connection is lost, is repeated every 11 s, and logs each cause once", () =>
    Effect.gen(function* () {
      const { lines, problem, probe } = yield* diagnosing(disconnected)
      yield* TestClock.adjust(999)
      assert.strictEqual(probe.calls, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* problem, Option.some("nothing listens"))
      yield* TestClock.adjust("22 seconds")
      assert.strictEqual(probe.calls, 3)
      assert.deepStrictEqual(lines, ["nothing listens"])
      probe.cause = "its certificate has expired"
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(lines, ["nothing listens", "its certificate has expired"])
    })
  )

  it.effect("does not run while Envoy is connected or draining", () =>
    Effect.gen(function* () {
      const { health, problem, probe } = yield* diagnosing(connected)
      yield* TestClock.adjust("1 minute")
      yield* SubscriptionRef.set(health, draining)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(probe.calls, 0)
      yield* SubscriptionRef.set(health, disconnected)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(probe.calls, 1)
      assert.isTrue(Option.isSome(yield* problem))
    })
  )

  it.effect("does not run where Envoy connects within the second", () =>
    Effect.gen(function* () {
      const { health, lines, probe } = yield* diagnosing(disconnected)
      yield* TestClock.adjust(500)
      yield* SubscriptionRef.set(health, connected)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([probe.calls, lines], [0, []])
    })
  )
})

describe("a diagnosis of an Envoy that connects meanwhile", () => {
  it.effect("ends at once, and its finding is neither shown nor logged", () =>
    Effect.gen(function* () {
      shows("diagnosis-stream")
      const { health, lines, probe, problem } = yield* diagnosing(disconnected)
      probe.takes = 5000
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(probe.calls, 1)
      yield* SubscriptionRef.set(health, connected)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([probe.streams, lines, yield* problem], [0, [], Option.none()])
    })
  )

  it.effect("opens no stream, though the health does not show the connection yet", () =>
    Effect.gen(function* () {
      shows("diagnosis-stream")
      const { admin, probe } = yield* diagnosing(disconnected)
      admin.script.stats = quietStats
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([probe.calls, probe.streams], [1, 0])
      admin.script.stats = undefined
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual([probe.calls, probe.streams], [2, 1])
    })
  )

  it.effect("is forgotten: the next loss of the connection may have another cause", () =>
    Effect.gen(function* () {
      const { health, lines, problem } = yield* diagnosing(disconnected)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isSome(yield* problem))
      yield* SubscriptionRef.set(health, connected)
      yield* TestClock.adjust(0)
      yield* SubscriptionRef.set(health, disconnected)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* problem, Option.none())
      yield* TestClock.adjust("12 seconds")
      assert.deepStrictEqual(lines, ["nothing listens", "nothing listens"])
    })
  )

  it.effect("is logged once where Envoy's admin does not answer for a while", () =>
    Effect.gen(function* () {
      const { health, lines, probe } = yield* diagnosing(disconnected)
      yield* TestClock.adjust("1 second")
      yield* SubscriptionRef.set(health, unreachable)
      yield* TestClock.adjust("1 second")
      yield* SubscriptionRef.set(health, disconnected)
      yield* TestClock.adjust("20 seconds")
      assert.isAbove(probe.calls, 1)
      assert.deepStrictEqual(lines, ["nothing listens"])
    })
  )
})

describe("a relay's connection", () => {
  const live: Health = { ...disconnected, envoyState: "LIVE", connection: { _tag: "NotConsidered" }, initialized: true }
  const relay = { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }

  it.effect("is tried once a minute, more often while it fails, and logged when it works again", () =>
    Effect.gen(function* () {
      const { lines, problem, probe } = yield* diagnosing(live, relay)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* problem, Option.some("nothing listens"))
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(probe.calls, 2)
      probe.cause = undefined
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(lines, ["nothing listens", "the management server accepts streams again"])
      assert.deepStrictEqual(yield* problem, Option.none())
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(probe.calls, 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(probe.calls, 4)
    })
  )

  it.effect("is not tried before its Envoy is LIVE", () =>
    Effect.gen(function* () {
      const { health, probe } = yield* diagnosing({ ...live, envoyState: "UNREACHABLE" }, relay)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(probe.calls, 0)
      yield* SubscriptionRef.set(health, live)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(probe.calls, 1)
    })
  )
})
