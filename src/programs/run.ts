import { Effect, Fiber } from "effect"
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
