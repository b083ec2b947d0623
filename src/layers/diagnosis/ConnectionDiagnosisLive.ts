import { Duration, Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { Config } from "../../services/Config.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../services/HealthMonitor.ts"

/** A start needs less than that to connect, and so does a management server that was only renewed. */
const patience = Duration.seconds(1)
/** Between two questions while there is no connection. */
const interval = Duration.seconds(10)
/** Between two questions of a relay that passes streams on: it does not know by itself whether it could. */
const calmInterval = Duration.minutes(1)

const isCutOff = ({ connection, envoyState }: Health) =>
  connection._tag === "Disconnected" && envoyState !== "DRAINING" && envoyState !== "UNREACHABLE"

const isLive = ({ envoyState }: Health) => envoyState === "LIVE"

/** Asks while Envoy has no connection (a relay's, from time to time), and logs each cause once. */
export const ConnectionDiagnosisLive = Layer.effect(
  ConnectionDiagnosis,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { health } = yield* HealthMonitor
    const { diagnose } = yield* ManagementServerProbe
    const problem = yield* SubscriptionRef.make(Option.none<string>())
    const ofRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS
    const isWorthAsking = ofRelay ? isLive : isCutOff

    const look = Effect.gen(function* () {
      if (!isWorthAsking(yield* SubscriptionRef.get(health))) return yield* SubscriptionRef.set(problem, Option.none())
      const found = yield* diagnose
      const known = yield* SubscriptionRef.get(problem)
      yield* SubscriptionRef.set(problem, found)
      if (Option.isSome(found) && !Option.contains(known, found.value)) yield* Effect.logWarning(found.value)
      // Where health tells of the connection, it says so itself.
      if (ofRelay && Option.isSome(known) && Option.isNone(found)) {
        yield* Effect.logInfo("the management server takes streams again")
      }
    })
    const pause = Effect.flatMap(SubscriptionRef.get(problem), (known) =>
      Effect.sleep(ofRelay && Option.isNone(known) ? calmInterval : interval)
    )

    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(isWorthAsking),
      Stream.runHead,
      Effect.andThen(Effect.sleep(patience)),
      Effect.andThen(look),
      Effect.andThen(pause),
      Effect.forever,
      Effect.forkScoped
    )
    return ConnectionDiagnosis.of({ problem })
  })
)
