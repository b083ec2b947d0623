import { Effect, Fiber, Layer, Option } from "effect"
import { Bootstrap } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyProcess } from "../services/EnvoyProcess.ts"
import { Signals } from "../services/Signals.ts"
import { gracefulStop } from "./gracefulStop.ts"

/**
 * The container's entry point: starts Envoy, keeps it running, and takes it down when a signal asks. Fails when
 * Envoy ended by itself and no restart is left. The management API, where asked for, must be served already.
 */
export const run = Effect.gen(function* () {
  const config = yield* Config
  const bootstrap = yield* Bootstrap
  const envoy = yield* EnvoyProcess
  const signals = yield* Signals

  for (const warning of [...config.warnings, ...bootstrap.warnings]) yield* Effect.logWarning(warning)

  yield* Effect.scoped(
    Effect.gen(function* () {
      const supervisor = yield* Effect.forkScoped(envoy.supervise)
      const signal = yield* Effect.raceFirst(signals.stop, Fiber.join(supervisor))
      yield* Effect.logInfo(`${signal}: stopping`)
      yield* gracefulStop
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
