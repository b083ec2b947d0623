import { Effect, Fiber, Layer, Option, Stream, SubscriptionRef } from "effect"
import { Bootstrap } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyProcess } from "../services/EnvoyProcess.ts"
import type { HealthMonitor } from "../services/HealthMonitor.ts"
import { LocalRelay } from "../services/LocalRelay.ts"
import { Signals } from "../services/Signals.ts"
import { gracefulStop } from "./gracefulStop.ts"

/** Waits until the local relay's Envoy is LIVE, and says once that it takes long. */
const live = (health: HealthMonitor["Service"]["health"]) => {
  const reached = SubscriptionRef.changes(health).pipe(
    Stream.filter(({ envoyState }) => envoyState === "LIVE"),
    Stream.runHead
  )
  return Effect.timeoutOrElse(reached, {
    duration: "5 seconds",
    orElse: () =>
      Effect.flatMap(SubscriptionRef.get(health), ({ envoyState }) =>
        Effect.logWarning(`Envoy waits for the local relay's Envoy, which is ${envoyState}`)
      ).pipe(Effect.andThen(reached))
  })
}

/**
 * The container's entry point: starts Envoy (after its local relay, where it has one), keeps it running, and takes it down
 * when a signal asks. Fails when Envoy ended by itself and no restart is left; where that is the local relay, Envoy is
 * drained first. The management API, where asked for, must be served already.
 */
export const run = Effect.gen(function* () {
  const config = yield* Config
  const bootstrap = yield* Bootstrap
  const envoy = yield* EnvoyProcess
  const signals = yield* Signals

  for (const warning of [...config.warnings, ...bootstrap.warnings]) yield* Effect.logWarning(warning)

  yield* Effect.scoped(
    Effect.gen(function* () {
      const relay = yield* LocalRelay
      const ofRelay = yield* Effect.forkScoped(Option.isNone(relay) ? Effect.never : relay.value.process.supervise)
      const ofEnvoy = yield* Effect.forkScoped(
        Effect.andThen(Option.isNone(relay) ? Effect.void : live(relay.value.health), envoy.supervise)
      )
      const lost = yield* Effect.raceAllFirst([
        Effect.as(
          Effect.flatMap(signals.stop, (signal) => Effect.logInfo(`${signal}: stopping`)),
          Option.none()
        ),
        // Nothing is left of Envoy that could be drained.
        Fiber.join(ofEnvoy),
        Effect.asSome(Effect.flip(Fiber.join(ofRelay)))
      ])
      if (Option.isNone(lost)) return yield* gracefulStop
      yield* Effect.logInfo("Envoy gets no configuration without its local relay: stopping")
      // Nobody has asked for this drain, so the first signal ends it.
      yield* Effect.provideService(gracefulStop, Signals, { stop: signals.stop, skipDrain: signals.stop })
      return yield* lost.value
    })
  )
})

/**
 * `run` on the layers that it needs. A signal that comes while they are still being built ends the start: what is
 * built already is taken down, and no Envoy is started.
 */
export const runOn = <ROut, E, RIn>(layer: Layer.Layer<ROut, E, RIn>) =>
  Effect.gen(function* () {
    const signals = yield* Signals
    const built = yield* Effect.raceFirst(Effect.asSome(Layer.build(layer)), Effect.as(signals.stop, Option.none()))
    if (Option.isNone(built)) return yield* Effect.logInfo("stopped before Envoy was started")
    return yield* Effect.provideContext(run, built.value)
  }).pipe(Effect.scoped)
