import {
  Clock,
  Duration,
  Effect,
  FiberHandle,
  Layer,
  Option,
  Random,
  Ref,
  Result,
  Semaphore,
  Stream,
  SubscriptionRef
} from "effect"
import { AdminClient, type AdminError, type HealthStats } from "../../services/AdminClient.ts"
import { Bootstrap } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import { describeEnd } from "../../services/EnvoyLauncher.ts"
import { EnvoyProcess, type EnvoyState } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { type Health, HealthMonitor, type ReportedState } from "../../services/HealthMonitor.ts"
import { LocalRelay } from "../../services/LocalRelay.ts"
import { type Assessment, assess, atStart, dependingOn, type HealthRules, withProcessState } from "./assess.ts"

/** Time between two probes until the initial configuration is decided. */
const startupInterval = Duration.millis(50)
/** The same while Envoy is LIVE and not connected to its management server: its return is news. */
const disconnectedInterval = Duration.seconds(1)
/** Added to each later interval, in milliseconds, so that the agents of a fleet do not probe in step. */
const jitter = { minimum: 10, maximum: 50 }

/**
 * Whether a change of health is logged. During a start Envoy tries to connect again and again: the diagnosis tells why it does
 * not succeed.
 */
const isLogged = (before: Health, after: Health) =>
  before.status !== after.status ||
  before.envoyState !== after.envoyState ||
  (after.initialized && before.connection._tag !== after.connection._tag) ||
  before.initialConfig !== after.initialConfig

/** States that a start passes through, and that of a drain on request: not HEALTHY, but no reason for a warning. */
const expectedStates: ReadonlyArray<ReportedState> = ["PRE_INITIALIZING", "INITIALIZING", "DRAINING"]

const describeHealth = ({ status, envoyState, connection, initialConfig, reason }: Health) => {
  const parts = [`Envoy ${envoyState}`]
  if (connection._tag === "Connected") parts.push("management server CONNECTED")
  if (connection._tag === "Disconnected") parts.push("management server NOT_CONNECTED")
  if (initialConfig !== "UNDECIDED") parts.push(`initial configuration ${initialConfig}`)
  return `${status} (${parts.join(", ")}): ${reason}`
}

const describeStats = ({ connected, ...counters }: HealthStats) =>
  Object.entries({ connected: Option.getOrElse(connected, () => "not considered"), ...counters })
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")

const describeAnswer = <A>(answer: Result.Result<A, AdminError>, show: (value: A) => string) =>
  Result.isSuccess(answer) ? show(answer.success) : answer.failure.message

export const HealthMonitorLive = Layer.effect(
  HealthMonitor,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { usesAds } = yield* Bootstrap
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const role = yield* EnvoyRole
    const relay = yield* LocalRelay
    const rules: HealthRules = {
      considersConnection: role === "main" && !settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS,
      disconnectedTimeout: Duration.seconds(settings.HC_DISCONNECTED_TIMEOUT_S)
    }
    // From the first answer on, Envoy's stats decide.
    const initial = atStart(rules.considersConnection && usesAds, yield* Clock.currentTimeMillis)
    const current = yield* Ref.make<Assessment>(initial)
    const health = yield* SubscriptionRef.make(initial.health)

    const publishLock = yield* Semaphore.make(1)
    /** Changes what is known of this Envoy, and publishes the health that follows from it and from the local relay. */
    const publish = Effect.fnUntraced(function* (change: (before: Assessment) => Assessment) {
      const before = yield* SubscriptionRef.get(health)
      const own = yield* Ref.updateAndGet(current, change)
      const { _tag, epoch } = yield* envoy.state
      const isWaitingForRelay = _tag === "Starting" && epoch === 0
      const after = Option.isNone(relay)
        ? own.health
        : dependingOn(own.health, yield* SubscriptionRef.get(relay.value.health), isWaitingForRelay)
      yield* SubscriptionRef.set(health, after)
      if (isLogged(before, after)) {
        const text = `${role === "main" ? "" : `${nameOf(role)} is `}${describeHealth(after)}`
        const isExpected = after.status === "HEALTHY" || expectedStates.includes(after.envoyState)
        yield* isExpected ? Effect.logInfo(text) : Effect.logWarning(text)
      }
    }, publishLock.withPermits(1))

    const probe = Effect.fn("HealthMonitor.probe")(function* (startedAt: number) {
      const [state, stats, isForwarded] = yield* Effect.all(
        [
          Effect.result(admin.ready),
          Effect.result(admin.healthStats),
          Option.isNone(relay) ? Effect.succeed(true) : relay.value.isForwardingStreams
        ],
        { concurrency: 3 }
      )
      yield* Effect.logDebug(
        `probe of ${nameOf(role)}: /ready ${describeAnswer(state, String)}, stats ${describeAnswer(stats, describeStats)}`
      )
      // A local relay accepts the stream of this Envoy in any case: it counts once it is forwarded.
      const counted = Result.map(stats, (found) => ({
        ...found,
        connected: Option.map(found.connected, (connected) => connected && isForwarded)
      }))
      const now = yield* Clock.currentTimeMillis
      yield* publish((before) => assess(before, rules, { state, stats: counted, now, startedAt }))
    })

    const pause = Effect.gen(function* () {
      const { health } = yield* Ref.get(current)
      if (health.initialConfig === "UNDECIDED") return yield* Effect.sleep(startupInterval)
      const isCutOff = health.envoyState === "LIVE" && health.connection._tag === "Disconnected"
      if (isCutOff) return yield* Effect.sleep(disconnectedInterval)
      const extra = yield* Random.nextIntBetween(jitter.minimum, jitter.maximum)
      yield* Effect.sleep(Duration.millis(settings.HC_POLL_INTERVAL_MS + extra))
    })

    const poller = yield* FiberHandle.make<never, never>()
    const follow = Effect.fnUntraced(function* (state: EnvoyState) {
      if (state._tag === "Running") {
        return yield* FiberHandle.run(poller, probe(state.since).pipe(Effect.andThen(pause), Effect.forever))
      }
      yield* FiberHandle.clear(poller)
      switch (state._tag) {
        case "Starting": {
          const now = yield* Clock.currentTimeMillis
          // An Envoy that had no management server does not wait for one after its restart, unless it says so.
          return yield* publish(({ health: { connection } }) => atStart(connection._tag !== "NotConsidered", now))
        }
        case "Draining":
          return yield* publish((before) => withProcessState(before, "DRAINING", "the agent is stopping Envoy"))
        case "Exited": {
          const reason = `Envoy ${describeEnd(state.exit)}`
          yield* publish((before) => withProcessState(before, "UNREACHABLE", reason))
          // The usual cause of an early end, which Envoy tells in its own log alone.
          const look = yield* Effect.result(admin.ready)
          if (Result.isSuccess(look) || look.failure.reason !== "foreign") return
          const cause = `${reason}, and ${look.failure.message}`
          return yield* publish((before) => withProcessState(before, "UNREACHABLE", cause))
        }
        case "Failed":
          return yield* publish((before) => withProcessState(before, "UNREACHABLE", "Envoy has stopped"))
        case "Stopped":
          return yield* publish((before) => withProcessState(before, "DRAINING", "Envoy has stopped"))
      }
    })
    yield* envoy.changes.pipe(Stream.runForEach(follow), Effect.forkScoped)
    if (Option.isSome(relay)) {
      yield* SubscriptionRef.changes(relay.value.health).pipe(
        Stream.runForEach(() => publish((before) => before)),
        Effect.forkScoped
      )
    }

    return HealthMonitor.of({ health })
  })
)
