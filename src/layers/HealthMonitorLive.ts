import { Clock, Duration, Effect, FiberHandle, Layer, Random, Ref, Stream, SubscriptionRef } from "effect"
import { AdminClient } from "../services/AdminClient.ts"
import { Config } from "../services/Config.ts"
import { describeExit } from "../services/EnvoyLauncher.ts"
import { EnvoyProcess, type EnvoyState } from "../services/EnvoyProcess.ts"
import { type Health, HealthMonitor } from "../services/HealthMonitor.ts"
import { type Assessment, assess, atStart, type HealthRules, overruled } from "./health/assess.ts"

/** Between looks until Envoy is first LIVE. */
const eager = Duration.millis(50)

const differs = (before: Health, after: Health) =>
  before.status !== after.status ||
  before.envoyState !== after.envoyState ||
  before.connection._tag !== after.connection._tag ||
  before.initialConfig !== after.initialConfig

const inWords = ({ status, envoyState, connection, initialConfig, reason }: Health) => {
  const parts = [`Envoy ${envoyState}`]
  if (connection._tag === "Connected") parts.push("management server CONNECTED")
  if (connection._tag === "Disconnected") parts.push("management server NOT_CONNECTED")
  if (initialConfig !== "UNDECIDED") parts.push(`initial configuration ${initialConfig}`)
  return `${status} (${parts.join(", ")}): ${reason}`
}

export const HealthMonitorLive = Layer.effect(
  HealthMonitor,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const rules: HealthRules = {
      considersConnection: !settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS,
      disconnectedTimeout: Duration.seconds(settings.HC_DISCONNECTED_TIMEOUT_S)
    }
    const initial = atStart(rules.considersConnection, yield* Clock.currentTimeMillis)
    const current = yield* Ref.make<Assessment>(initial)
    const health = yield* SubscriptionRef.make(initial.health)

    const publish = Effect.fnUntraced(function* (change: (before: Assessment) => Assessment) {
      const before = yield* SubscriptionRef.get(health)
      const after = yield* Ref.updateAndGet(current, change)
      yield* SubscriptionRef.set(health, after.health)
      if (differs(before, after.health)) {
        yield* after.health.status === "HEALTHY"
          ? Effect.logInfo(inWords(after.health))
          : Effect.logWarning(inWords(after.health))
      }
    })

    const probe = Effect.fnUntraced(function* (startedAt: number) {
      const [state, stats] = yield* Effect.all([Effect.option(admin.ready), Effect.option(admin.healthStats)], {
        concurrency: 2
      })
      const now = yield* Clock.currentTimeMillis
      yield* publish((before) => assess(before, rules, { state, stats, now, startedAt }))
    })

    const pause = Effect.gen(function* () {
      const { health } = yield* Ref.get(current)
      if (health.initialConfig === "UNDECIDED") return yield* Effect.sleep(eager)
      const jitter = yield* Random.nextIntBetween(10, 50)
      yield* Effect.sleep(Duration.millis(settings.HC_POLL_INTERVAL_MS + jitter))
    })

    const poller = yield* FiberHandle.make<never, never>()
    const follow = Effect.fnUntraced(function* (state: EnvoyState) {
      switch (state._tag) {
        case "Starting": {
          yield* FiberHandle.clear(poller)
          const now = yield* Clock.currentTimeMillis
          return yield* publish(() => atStart(rules.considersConnection, now))
        }
        case "Running":
          return yield* FiberHandle.run(poller, probe(state.since).pipe(Effect.andThen(pause), Effect.forever))
        case "Draining":
          yield* FiberHandle.clear(poller)
          return yield* publish((before) => overruled(before, "DRAINING", "the agent is draining Envoy"))
        case "Exited":
          yield* FiberHandle.clear(poller)
          return yield* publish((before) =>
            overruled(before, "UNREACHABLE", `Envoy ended with ${describeExit(state.exit)}`)
          )
        case "Failed":
        case "Stopped":
          yield* FiberHandle.clear(poller)
          return yield* publish((before) =>
            overruled(before, state._tag === "Failed" ? "UNREACHABLE" : "DRAINING", "Envoy has stopped")
          )
      }
    })
    yield* SubscriptionRef.changes(envoy.state).pipe(Stream.runForEach(follow), Effect.forkScoped)

    return HealthMonitor.of({ health })
  })
)
