import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { HealthMonitorLive } from "../../../src/layers/health/HealthMonitorLive.ts"
import { EnvoyProcessLive } from "../../../src/layers/process/EnvoyProcessLive.ts"
import { Bootstrap } from "../../../src/services/Bootstrap.ts"
import { EnvoyProcess } from "../../../src/services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../src/services/HealthMonitor.ts"
import { type AdminScript, bootstrapWith, type Life, lives, quietStats, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const on = (
  environment: Readonly<Record<string, string>>,
  changes: Partial<AdminScript>,
  ...script: ReadonlyArray<Life>
) => onBootstrap({}, environment, changes, ...script)

const onBootstrap = (
  bootstrap: Partial<Bootstrap["Service"]>,
  environment: Readonly<Record<string, string>>,
  changes: Partial<AdminScript>,
  ...script: ReadonlyArray<Life>
) => {
  const launcher = lives(...script)
  const admin = simulatedAdmin(changes)
  const layer = HealthMonitorLive.pipe(
    Layer.provideMerge(EnvoyProcessLive),
    Layer.provide(launcher.layer),
    Layer.provide(admin.layer),
    Layer.provide(Layer.succeed(Bootstrap, bootstrapWith(bootstrap))),
    Layer.provide(settings(environment))
  )
  return { admin, launcher, layer }
}

const watching = Effect.gen(function* () {
  const envoy = yield* EnvoyProcess
  const monitor = yield* HealthMonitor
  yield* Effect.forkScoped(envoy.supervise)
  yield* TestClock.adjust(0)
  return { envoy, health: SubscriptionRef.get(monitor.health) }
})

describe("HealthMonitor", () => {
  it.effect("is HEALTHY at the look after Envoy is LIVE, 50 ms later at most", () => {
    shows("health-eager")
    const { admin, layer } = on({}, { state: "PRE_INITIALIZING" }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* health).envoyState, "PRE_INITIALIZING")
      assert.strictEqual((yield* health).status, "UNHEALTHY")
      admin.script.state = "LIVE"
      yield* TestClock.adjust(50)
      assert.strictEqual((yield* health).status, "HEALTHY")
      assert.strictEqual((yield* health).initialConfig, "UPDATE_SUCCESSFUL")
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "does not consider a connection from the first moment where the bootstrap has no ADS, also after a restart",
    () => {
      shows("health-no-ads-start")
      const environment = { APPNET_ENVOY_RESTART_COUNT: "1" }
      const { admin, layer } = onBootstrap(
        { usesAds: false },
        environment,
        { state: undefined, stats: undefined },
        { lasts: 5000 },
        {}
      )
      return Effect.gen(function* () {
        const { health } = yield* watching
        assert.strictEqual((yield* health).connection._tag, "NotConsidered")
        yield* TestClock.adjust("6 seconds")
        assert.strictEqual((yield* health).connection._tag, "NotConsidered")
        // What Envoy says counts.
        admin.script.state = "LIVE"
        admin.script.stats = { ...quietStats, connected: Option.some(false) }
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* health).connection._tag, "Disconnected")
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("says that the agent stops Envoy, whether its listeners are drained or not", () => {
    shows("promises-while-stopping")
    const { layer } = on({}, {}, {})
    return Effect.gen(function* () {
      const { envoy, health } = yield* watching
      yield* envoy.beginDraining
      yield* TestClock.adjust(0)
      const { envoyState, reason } = yield* health
      assert.deepStrictEqual({ envoyState, reason }, { envoyState: "DRAINING", reason: "the agent is stopping Envoy" })
    }).pipe(Effect.provide(layer))
  })

  it.effect("then looks once an interval, with 10 to 50 ms more", () => {
    shows("HC_POLL_INTERVAL_MS", "health-interval")
    const { admin, layer } = on({ HC_POLL_INTERVAL_MS: "5000" }, {}, {})
    return Effect.gen(function* () {
      yield* watching
      const looks = admin.looks
      yield* TestClock.adjust(5009)
      assert.strictEqual(admin.looks, looks)
      yield* TestClock.adjust(41)
      assert.strictEqual(admin.looks, looks + 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("looks every second while Envoy is LIVE and not connected, so that a return shows within a second", () => {
    shows("health-disconnected")
    const { admin, layer } = on({ HC_POLL_INTERVAL_MS: "30000" }, {}, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      admin.script.stats = { ...quietStats, connected: Option.some(false) }
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual((yield* health).connection._tag, "Disconnected")
      const looks = admin.looks
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(admin.looks, looks + 10)
      admin.script.stats = quietStats
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* health).connection._tag, "Connected")
      const connectedLooks = admin.looks
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(admin.looks, connectedLooks)
    }).pipe(Effect.provide(layer))
  })

  it.effect("looks at the interval of ready where that alone is set", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S", "HC_POLL_INTERVAL_MS", "ready-interval-for-health")
      const looksIn20s = (environment: Readonly<Record<string, string>>) => {
        const { admin, layer } = on(environment, {}, {})
        return Effect.gen(function* () {
          yield* watching
          const before = admin.looks
          yield* TestClock.adjust("20 seconds")
          return admin.looks - before
        }).pipe(Effect.provide(layer))
      }
      const ready = { APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "6" }
      assert.strictEqual(yield* looksIn20s({}), 1)
      assert.strictEqual(yield* looksIn20s(ready), 3)
      assert.strictEqual(yield* looksIn20s({ ...ready, HC_POLL_INTERVAL_MS: "3000" }), 6)
    })
  )

  it.effect("is UNHEALTHY at the moment Envoy exits, and begins anew at its restart", () => {
    shows("health-at-exit", "initial-config-restart")
    const { admin, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "2" }, {}, { lasts: 1000 }, { lasts: 0 }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      assert.strictEqual((yield* health).status, "HEALTHY")
      admin.script.state = undefined
      yield* TestClock.adjust(1000)
      const { envoyState, initialConfig, initialized, status } = yield* health
      assert.strictEqual(status, "UNHEALTHY")
      assert.strictEqual(envoyState, "UNREACHABLE")
      assert.strictEqual(initialized, false)
      assert.strictEqual(initialConfig, "UNDECIDED")
    }).pipe(Effect.provide(layer))
  })

  it.effect("is UNHEALTHY while another program is at the admin's address, and names it after an exit too", () => {
    shows("own-envoy")
    const other = "another program (pid 9, envoy) listens there"
    const { layer } = on({ APPNET_ENVOY_RESTART_COUNT: "2" }, { foreign: other }, { lasts: 1000 }, { lasts: 0 }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      yield* TestClock.adjust(500)
      assert.deepInclude(yield* health, { status: "UNHEALTHY", envoyState: "UNREACHABLE", reason: other })
      yield* TestClock.adjust(500)
      assert.deepInclude(yield* health, {
        status: "UNHEALTHY",
        envoyState: "UNREACHABLE",
        reason: `Envoy ended with exit code 1, and ${other}`
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("is DRAINING from the drain's first moment, whatever Envoy says of itself", () => {
    shows("draining-status")
    const { layer } = on({}, {}, {})
    return Effect.gen(function* () {
      const { envoy, health } = yield* watching
      yield* envoy.beginDraining
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* health).envoyState, "DRAINING")
      assert.strictEqual((yield* health).status, "UNHEALTHY")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* health).envoyState, "DRAINING")
    }).pipe(Effect.provide(layer))
  })

  it.effect("is HEALTHY while disconnected for less than the time-out, and UNHEALTHY from then on", () => {
    shows("HC_DISCONNECTED_TIMEOUT_S", "healthy")
    const { admin, layer } = on({ HC_DISCONNECTED_TIMEOUT_S: "3600" }, {}, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      admin.script.stats = { ...quietStats, connected: Option.some(false) }
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* health).status, "HEALTHY")
      assert.strictEqual((yield* health).connection._tag, "Disconnected")
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual((yield* health).status, "UNHEALTHY")
      admin.script.stats = quietStats
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* health).status, "HEALTHY")
    }).pipe(Effect.provide(layer))
  })

  it.effect("decides the initial configuration later when the stats do not answer at first", () => {
    const { admin, layer } = on({}, { stats: undefined }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* health).envoyState, "LIVE")
      assert.strictEqual((yield* health).status, "UNHEALTHY")
      admin.script.stats = { ...quietStats, listenerCreateFailure: 1 }
      yield* TestClock.adjust(50)
      assert.strictEqual((yield* health).initialConfig, "UPDATE_FAILED")
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not report a connection that Envoy did not have before its restart, until Envoy has one", () => {
    shows("no-ads")
    const withoutAds = { ...quietStats, connected: Option.none() }
    const { admin, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "1" }, { stats: withoutAds }, { lasts: 1000 }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      admin.script.stats = undefined
      yield* TestClock.adjust(1100)
      assert.strictEqual((yield* health).initialConfig, "UNDECIDED")
      assert.strictEqual((yield* health).connection._tag, "NotConsidered")
      admin.script.stats = { ...quietStats, connected: Option.some(false) }
      yield* TestClock.adjust(50)
      assert.deepStrictEqual((yield* health).connection, { _tag: "Disconnected", since: 1000 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not consider the connection in relay mode, nor where Envoy has no ADS", () => {
    const { admin, layer } = on({}, { stats: { ...quietStats, connected: Option.none() } }, {})
    return Effect.gen(function* () {
      const { health } = yield* watching
      assert.strictEqual((yield* health).connection._tag, "NotConsidered")
      assert.strictEqual((yield* health).status, "HEALTHY")
      assert.isAbove(admin.looks, 0)
    }).pipe(Effect.provide(layer))
  })
})
