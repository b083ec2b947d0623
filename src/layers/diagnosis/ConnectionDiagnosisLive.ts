import { Duration, Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { Config } from "../../services/Config.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../services/HealthMonitor.ts"

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
    const { diagnose } = yield* ManagementServerProbe
    const problem = yield* SubscriptionRef.make(Option.none<string>())
    const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS
    const needsDiagnosis = isRelay ? isLive : isDisconnected

    const update = Effect.gen(function* () {
      if (!needsDiagnosis(yield* SubscriptionRef.get(health))) return yield* SubscriptionRef.set(problem, Option.none())
      const found = yield* diagnose
      const previous = yield* SubscriptionRef.get(problem)
      yield* SubscriptionRef.set(problem, found)
      if (Option.isSome(found) && !Option.contains(previous, found.value)) yield* Effect.logWarning(found.value)
      // In other modes HealthMonitor logs that Envoy is connected again.
      if (isRelay && Option.isSome(previous) && Option.isNone(found)) {
        yield* Effect.logInfo("the management server accepts streams again")
      }
    })
    const pause = Effect.flatMap(SubscriptionRef.get(problem), (current) =>
      Effect.sleep(isRelay && Option.isNone(current) ? relayCheckInterval : retryInterval)
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
