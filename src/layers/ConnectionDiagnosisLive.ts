import { Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { ConnectionDiagnosis, ManagementServerProbe } from "../services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../services/HealthMonitor.ts"

/** A start needs less than that to connect, and so does a management server that was only renewed. */
const patience = "1 second"
/** Between two questions while there is no connection. */
const interval = "10 seconds"

const isCutOff = ({ connection, envoyState }: Health) =>
  connection._tag === "Disconnected" && envoyState !== "DRAINING" && envoyState !== "UNREACHABLE"

/** Asks while Envoy has no connection, and logs each cause once. */
export const ConnectionDiagnosisLive = Layer.effect(
  ConnectionDiagnosis,
  Effect.gen(function* () {
    const { health } = yield* HealthMonitor
    const { diagnose } = yield* ManagementServerProbe
    const problem = yield* SubscriptionRef.make(Option.none<string>())

    const look = Effect.gen(function* () {
      if (!isCutOff(yield* SubscriptionRef.get(health))) return yield* SubscriptionRef.set(problem, Option.none())
      const found = yield* diagnose
      const known = yield* SubscriptionRef.get(problem)
      yield* SubscriptionRef.set(problem, found)
      if (Option.isSome(found) && !Option.contains(known, found.value)) yield* Effect.logWarning(found.value)
    })

    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(isCutOff),
      Stream.runHead,
      Effect.andThen(Effect.sleep(patience)),
      Effect.andThen(look),
      Effect.andThen(Effect.sleep(interval)),
      Effect.forever,
      Effect.forkScoped
    )
    return ConnectionDiagnosis.of({ problem })
  })
)
