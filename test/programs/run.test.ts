import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { run, runOn } from "../../src/programs/run.ts"
import { HealthMonitor } from "../../src/services/HealthMonitor.ts"
import { type AdminScript, killed, type Life, lives, quietStats, simulatedAdmin, simulatedSignals } from "../fakes.ts"
import { shows } from "../shows.ts"
import { agentOn } from "./simulated.ts"

/** The whole program on a simulated operating system, admin, signals and clock. */
const simulated = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string>>,
  changes: Partial<AdminScript>,
  ...script: ReadonlyArray<Life>
) {
  const launcher = lives(...script)
  const admin = simulatedAdmin(changes)
  const signals = yield* simulatedSignals
  const layer = agentOn({ launcher, admin }, signals, environment)
  const began = yield* Clock.currentTimeMillis
  const fiber = yield* run.pipe(
    Effect.provide(layer),
    Effect.exit,
    Effect.flatMap((exit) => Effect.map(Clock.currentTimeMillis, (now) => ({ exit, after: now - began }))),
    Effect.forkScoped
  )
  // Time passes only for what sleeps already: first all fibers come to their first sleep.
  yield* TestClock.adjust(0)
  yield* TestClock.adjust(100)
  return { admin, fiber, launcher, send: signals.send }
})

/** The same with a local relay, which has a life and an admin of its own. */
const withRelay = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string>>,
  relay: { readonly lives: ReadonlyArray<Life>; readonly admin?: Partial<AdminScript> },
  ...script: ReadonlyArray<Life>
) {
  const launcher = lives(...script)
  const admin = simulatedAdmin()
  const relayLauncher = lives(...relay.lives)
  const relayAdmin = simulatedAdmin({
    stats: { ...quietStats, connected: Option.none(), relayedStreams: 1 },
    ...relay.admin
  })
  const signals = yield* simulatedSignals
  const ofRelay = { launcher: relayLauncher, admin: relayAdmin }
  const layer = agentOn({ launcher, admin }, signals, { ...drainSettings, ...environment }, ofRelay)
  const context = yield* Layer.build(layer)
  const fiber = yield* Effect.forkScoped(Effect.exit(Effect.provideContext(run, context)))
  const { health } = Context.get(context, HealthMonitor)
  const settle = Effect.andThen(TestClock.adjust(0), TestClock.adjust(100))
  yield* settle
  return { fiber, health: SubscriptionRef.get(health), launcher, relayAdmin, relayLauncher, send: signals.send }
})

const drainSettings = { LISTENER_DRAIN_WAIT_TIME_S: "20", LISTENER_DRAIN_MIN_WAIT_TIME_S: "5" }

describe("run", () => {
  it.effect("drains on a signal and ends with success when the connections are gone", () =>
    Effect.gen(function* () {
      shows("drain-request", "drain-until-idle")
      const { admin, fiber, launcher, send } = yield* simulated(drainSettings, { connections: 2 }, {})
      yield* send("SIGTERM")
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(admin.drains, [{ graceful: true, skipExit: true, inboundOnly: false }])
      assert.deepStrictEqual(launcher.events, ["start 1"])
      admin.script.connections = 0
      yield* TestClock.adjust("1 second")
      const { exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1", "end 1"])
    })
  )

  it.effect("waits the minimum when there are no connections", () =>
    Effect.gen(function* () {
      shows("LISTENER_DRAIN_MIN_WAIT_TIME_S", "drain-bounds")
      const { fiber, launcher, send } = yield* simulated(drainSettings, {}, {})
      yield* send("SIGTERM")
      yield* TestClock.adjust(4999)
      assert.deepStrictEqual(launcher.events, ["start 1"])
      yield* TestClock.adjust(1)
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(fiber)).exit))
    })
  )

  it.effect("waits the whole time where connections stay or cannot be counted", () =>
    Effect.gen(function* () {
      shows("LISTENER_DRAIN_WAIT_TIME_S", "drain-bounds", "drain-until-idle")
      for (const connections of [1, undefined]) {
        const { fiber, launcher, send } = yield* simulated(drainSettings, { connections }, {})
        yield* send("SIGTERM")
        yield* TestClock.adjust(19_999)
        assert.deepStrictEqual(launcher.events, ["start 1"])
        yield* TestClock.adjust(1)
        assert.isTrue(Exit.isSuccess((yield* Fiber.join(fiber)).exit))
      }
    })
  )

  it.effect("skips the wait at a second signal", () =>
    Effect.gen(function* () {
      shows("second-signal")
      const { fiber, send } = yield* simulated(drainSettings, { connections: 5 }, {})
      yield* send("SIGTERM")
      yield* TestClock.adjust("1 second")
      yield* send("SIGINT")
      const { after, exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(after, 1100)
    })
  )

  it.effect("stops at once when the signal comes during start-up", () =>
    Effect.gen(function* () {
      shows("signal-at-start")
      const { admin, fiber, launcher, send } = yield* simulated(drainSettings, { state: "INITIALIZING" }, {})
      yield* send("SIGQUIT")
      const { after, exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(after, 100)
      assert.deepStrictEqual(admin.drains, [])
      assert.strictEqual(launcher.alive.size, 0)
    })
  )

  it.effect("stops at once when the signal comes between two restarts", () =>
    Effect.gen(function* () {
      shows("signal-at-start")
      const { fiber, launcher, send } = yield* simulated(
        { ...drainSettings, APPNET_ENVOY_RESTART_COUNT: "5" },
        {},
        { lasts: 60 },
        { lasts: 0 }
      )
      yield* send("SIGTERM")
      const { exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(launcher.events, ["start 1", "end 1", "start 2", "end 2"])
    })
  )

  it.effect("ends with success when Envoy ends during the drain", () =>
    Effect.gen(function* () {
      shows("exit-0-drain")
      const { fiber, send } = yield* simulated(drainSettings, { connections: 3 }, { lasts: 2000, exit: killed })
      yield* send("SIGTERM")
      yield* TestClock.adjust("3 seconds")
      const { after, exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.isBelow(after, 2300)
    })
  )

  it.effect("kills an Envoy that ignores SIGTERM", () =>
    Effect.gen(function* () {
      shows("kill-after-3s")
      const { fiber, launcher, send } = yield* simulated(
        { LISTENER_DRAIN_MIN_WAIT_TIME_S: "0" },
        {},
        { stubborn: true }
      )
      yield* send("SIGTERM")
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(fiber)).exit))
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1", "SIGKILL 1", "end 1"])
    })
  )

  it.effect("says whether a drain did not happen, or has no answer and may still happen", () =>
    Effect.gen(function* () {
      const told = [
        ["status", "could not drain listeners: "],
        ["timeout", "Envoy has not answered the request to drain its listeners, and may drain them at any time: "]
      ] as const
      for (const [drainFails, words] of told) {
        const lines: Array<string> = []
        const capture = Logger.make<unknown, void>(({ message }) => void lines.push(`${message}`))
        yield* Effect.gen(function* () {
          const { fiber, send } = yield* simulated(drainSettings, { drainFails }, {})
          yield* send("SIGTERM")
          yield* TestClock.adjust("6 seconds")
          yield* Fiber.join(fiber)
        }).pipe(Effect.provide(Logger.layer([capture])), Effect.scoped)
        assert.isTrue(
          lines.some((line) => line.startsWith(words)),
          lines.join("\n")
        )
      }
    })
  )

  it.effect("goes on to stop Envoy when its admin refuses to drain", () =>
    Effect.gen(function* () {
      const { fiber, launcher, send } = yield* simulated(drainSettings, { drainFails: true }, {})
      yield* send("SIGTERM")
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(fiber)).exit))
      assert.strictEqual(launcher.alive.size, 0)
    })
  )

  it.effect("fails when Envoy crashed and no restart is left", () =>
    Effect.gen(function* () {
      const { fiber, launcher } = yield* simulated({ APPNET_ENVOY_RESTART_COUNT: "1" }, {}, { lasts: 10, exit: killed })
      const { exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(launcher.events.filter((event) => event.startsWith("start")).length, 2)
    })
  )

  it.effect("ends a start whose layers are still being built, and takes down what is there", () =>
    Effect.gen(function* () {
      const released: Array<string> = []
      const signals = yield* simulatedSignals
      const slow = Layer.effectDiscard(Effect.never).pipe(
        Layer.provideMerge(
          Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.sync(() => released.push("socket"))))
        )
      )
      const envoy = { launcher: lives({}), admin: simulatedAdmin() }
      const agent = Layer.provideMerge(agentOn(envoy, signals, {}), slow)
      const fiber = yield* Effect.forkScoped(Effect.provide(runOn(agent), signals.layer))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(released, [])
      yield* signals.send("SIGTERM")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(released, ["socket"])
    })
  )
})

describe("run with a local relay", () => {
  it.effect("starts Envoy when the relay is LIVE, and stops the relay after Envoy", () =>
    Effect.gen(function* () {
      shows("local-relay-watched")
      const { fiber, health, launcher, relayAdmin, relayLauncher, send } = yield* withRelay(
        {},
        { lives: [{}], admin: { state: "INITIALIZING" } },
        {}
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([relayLauncher.events, launcher.events], [["start 1"], []])
      assert.strictEqual((yield* health).reason, "Envoy waits for the local relay's Envoy, which is INITIALIZING")
      relayAdmin.script.state = "LIVE"
      yield* TestClock.adjust(100)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(launcher.events, ["start 1"])
      assert.strictEqual((yield* health).status, "HEALTHY")
      yield* send("SIGTERM")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(relayLauncher.alive.size, 1)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1", "end 1"])
      assert.deepStrictEqual(relayLauncher.events, ["start 1", "SIGTERM 1", "end 1"])
    })
  )

  it.effect("is UNHEALTHY while the relay is restarted, and Envoy runs on", () =>
    Effect.gen(function* () {
      shows("local-relay-watched")
      const { health, launcher, relayLauncher } = yield* withRelay(
        { APPNET_ENVOY_RESTART_COUNT: "3" },
        { lives: [{ lasts: 5000, exit: killed }, { lasts: 10 }, {}] },
        {}
      )
      assert.strictEqual((yield* health).status, "HEALTHY")
      yield* TestClock.adjust(4920)
      assert.strictEqual((yield* health).status, "UNHEALTHY")
      assert.match((yield* health).reason, /^Envoy needs the local relay's Envoy, which is UNREACHABLE/)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* health).status, "HEALTHY")
      assert.deepStrictEqual(launcher.events, ["start 1"])
      assert.strictEqual(relayLauncher.events.filter((event) => event.startsWith("start")).length, 3)
    })
  )

  it.effect("is connected only where the relay has passed the stream on", () =>
    Effect.gen(function* () {
      const { health, relayAdmin } = yield* withRelay({ HC_POLL_INTERVAL_MS: "2000" }, { lives: [{}] }, {})
      assert.strictEqual((yield* health).connection._tag, "Connected")
      relayAdmin.script.stats = { ...quietStats, connected: Option.none(), relayedStreams: 0 }
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* health).connection._tag, "Disconnected")
      assert.strictEqual((yield* health).status, "HEALTHY")
      relayAdmin.script.stats = { ...quietStats, connected: Option.none(), relayedStreams: 1 }
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* health).connection._tag, "Connected")
    })
  )

  it.effect("drains Envoy and fails with the relay's exit when no restart is left", () =>
    Effect.gen(function* () {
      const { fiber, launcher } = yield* withRelay({}, { lives: [{ lasts: 3000, exit: killed }] }, {})
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(launcher.alive.size, 1)
      yield* TestClock.adjust("6 seconds")
      const exit = yield* Fiber.join(fiber)
      const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : assert.fail("no failure")
      assert.match(
        error.message,
        /^The local relay's Envoy ended with signal SIGKILL .*APPNET_LOCAL_RELAY_LOG_DESTINATION/
      )
      assert.strictEqual("exitCode" in error && error.exitCode, 137)
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1", "end 1"])
    })
  )

  it.effect("ends the drain that nobody asked for at the first signal", () =>
    Effect.gen(function* () {
      const { fiber, launcher, send } = yield* withRelay({}, { lives: [{ lasts: 3000, exit: killed }] }, {})
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(launcher.alive.size, 1)
      yield* send("SIGTERM")
      yield* TestClock.adjust(100)
      assert.strictEqual(launcher.alive.size, 0)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
    })
  )

  it.effect("starts no Envoy after a signal that came before the relay was LIVE", () =>
    Effect.gen(function* () {
      const { fiber, launcher, relayAdmin, relayLauncher, send } = yield* withRelay(
        {},
        { lives: [{ stubborn: true }], admin: { state: "INITIALIZING" } },
        {}
      )
      yield* send("SIGTERM")
      relayAdmin.script.state = "LIVE"
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(launcher.events, [])
      assert.deepStrictEqual(relayLauncher.events, ["start 1", "SIGTERM 1", "SIGKILL 1", "end 1"])
    })
  )
})
