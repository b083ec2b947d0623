import { Duration, Effect, Layer, Option, Ref, Stream, SubscriptionRef } from "effect"
import { AdminClient } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../services/HealthMonitor.ts"
import { LocalRelay } from "../../services/LocalRelay.ts"

/** Within this time Envoy connects at a start, or again after the management server was replaced. */
const reconnectGracePeriod = Duration.seconds(1)
/** Between the end of a diagnosis and the next grace period, while there is a problem. */
const retryInterval = Duration.seconds(10)
/** The same for a relay that has no problem. Only a trial tells whether it could forward a stream. */
const relayCheckInterval = Duration.minutes(1)

const isDisconnected = ({ connection, envoyState }: Health) =>
  connection._tag === "Disconnected" && envoyState !== "DRAINING" && envoyState !== "UNREACHABLE"

const isLive = ({ envoyState }: Health) => envoyState === "LIVE"

/** Diagnoses while Envoy has no connection, and in relay mode from time to time. Logs each cause once. */
export const ConnectionDiagnosisLive = Layer.effect(
  ConnectionDiagnosis,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { health } = yield* HealthMonitor
    const admin = yield* AdminClient
    const relay = yield* LocalRelay
    const { diagnose } = yield* ManagementServerProbe
    const problem = yield* SubscriptionRef.make(Option.none<string>())
    /** The cause that was logged last since Envoy was connected. */
    const logged = yield* Ref.make(Option.none<string>())
    const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS
    const needsDiagnosis = isRelay ? isLive : isDisconnected

    const isNeededByHealth = Effect.map(SubscriptionRef.get(health), needsDiagnosis)
    /** Envoy itself knows it before its health is looked at again. */
    const isNeeded = Effect.gen(function* () {
      if (isRelay || !(yield* isNeededByHealth)) return yield* isNeededByHealth
      const stats = yield* admin.healthStats.pipe(
        Effect.tapError(({ message }) => Effect.logDebug(`whether Envoy is connected by now is unknown: ${message}`)),
        Effect.option
      )
      const isConnected = Option.exists(stats, ({ connected }) => Option.contains(connected, true))
      return !isConnected || (Option.isSome(relay) && !(yield* relay.value.isForwardingStreams))
    })
    const ended = SubscriptionRef.changes(health).pipe(
      Stream.filter((now) => !needsDiagnosis(now)),
      Stream.runHead
    )

    const update = Effect.gen(function* () {
      if (!(yield* isNeededByHealth)) return
      // What it finds of an Envoy that has connected meanwhile is of no interest, and the connection must not stay open.
      const found = yield* Effect.raceFirst(diagnose(isNeeded), Effect.as(ended, Option.none()))
      if (!(yield* isNeededByHealth)) return
      const previous = yield* SubscriptionRef.getAndSet(problem, found)
      if (Option.isSome(found)) {
        const last = yield* Ref.getAndSet(logged, found)
        if (!Option.contains(last, found.value)) yield* Effect.logWarning(found.value)
      }
      // In other modes HealthMonitor logs that Envoy is connected again.
      if (isRelay && Option.isSome(previous) && Option.isNone(found)) {
        yield* Ref.set(logged, Option.none())
        yield* Effect.logInfo("the management server accepts streams again")
      }
    })
    const pause = Effect.flatMap(SubscriptionRef.get(problem), (current) =>
      Effect.sleep(isRelay && Option.isNone(current) ? relayCheckInterval : retryInterval)
    )

    // A later loss of the connection may have another cause.
    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter((now) => !needsDiagnosis(now)),
      Stream.runForEach(({ connection }) =>
        Effect.andThen(
          SubscriptionRef.set(problem, Option.none()),
          connection._tag === "Connected" ? Ref.set(logged, Option.none()) : Effect.void
        )
      ),
      Effect.forkScoped
    )
    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(needsDiagnosis),
      Stream.runHead,
      Effect.andThen(Effect.sleep(reconnectGracePeriod)),
      Effect.andThen(update),
      Effect.andThen(pause),
      Effect.forever,
      Effect.forkScoped
    )
    return ConnectionDiagnosis.of({ problem })
  })
)
