import {
  Clock,
  Duration,
  Effect,
  FiberHandle,
  Layer,
  Option,
  Random,
  Ref,
  Semaphore,
  Stream,
  SubscriptionRef
} from "effect"
import { AdminClient } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { describeExit } from "../../services/EnvoyLauncher.ts"
import { EnvoyProcess, type EnvoyState } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { type Health, HealthMonitor, type ReportedState } from "../../services/HealthMonitor.ts"
import { LocalRelay } from "../../services/LocalRelay.ts"
import { type Assessment, assess, atStart, dependingOn, type HealthRules, overruled } from "./assess.ts"

/** Between looks until Envoy is first LIVE. */
const eager = Duration.millis(50)

/** What is worth a line. A start tries to connect again and again: that is told by what keeps it from connecting. */
const differs = (before: Health, after: Health) =>
  before.status !== after.status ||
  before.envoyState !== after.envoyState ||
  (after.initialized && before.connection._tag !== after.connection._tag) ||
  before.initialConfig !== after.initialConfig

/** States that a start passes through, and a drain that somebody asked for: not HEALTHY, and no reason for a warning. */
const expectedStates: ReadonlyArray<ReportedState> = ["PRE_INITIALIZING", "INITIALIZING", "DRAINING"]

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
    const role = yield* EnvoyRole
    const relay = yield* LocalRelay
    const rules: HealthRules = {
      considersConnection: role === "main" && !settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS,
      disconnectedTimeout: Duration.seconds(settings.HC_DISCONNECTED_TIMEOUT_S)
    }
    const initial = atStart(rules.considersConnection, yield* Clock.currentTimeMillis)
    const current = yield* Ref.make<Assessment>(initial)
    const health = yield* SubscriptionRef.make(initial.health)

    const oneAtATime = yield* Semaphore.make(1)
    const publish = Effect.fnUntraced(function* (change: (before: Assessment) => Assessment) {
      const before = yield* SubscriptionRef.get(health)
      const own = yield* Ref.updateAndGet(current, change)
      const { _tag, epoch } = yield* SubscriptionRef.get(envoy.state)
      const waits = _tag === "Starting" && epoch === 0
      const after = Option.isNone(relay)
        ? own.health
        : dependingOn(own.health, yield* SubscriptionRef.get(relay.value.health), waits)
      yield* SubscriptionRef.set(health, after)
      if (differs(before, after)) {
        const words = `${role === "main" ? "" : `${nameOf(role)} is `}${inWords(after)}`
        const isExpected = after.status === "HEALTHY" || expectedStates.includes(after.envoyState)
        yield* isExpected ? Effect.logInfo(words) : Effect.logWarning(words)
      }
    }, oneAtATime.withPermits(1))

    const probe = Effect.fnUntraced(function* (startedAt: number) {
      const [state, own, passedOn] = yield* Effect.all(
        [
          Effect.option(admin.ready),
          Effect.option(admin.healthStats),
          Option.isNone(relay) ? Effect.succeed(true) : relay.value.passesOn
        ],
        { concurrency: 3 }
      )
      const stats = Option.map(own, (found) => ({
        ...found,
        connected: Option.map(found.connected, (connected) => connected && passedOn)
      }))
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
    if (Option.isSome(relay)) {
      yield* SubscriptionRef.changes(relay.value.health).pipe(
        Stream.runForEach(() => publish((before) => before)),
        Effect.forkScoped
      )
    }

    return HealthMonitor.of({ health })
  })
)
