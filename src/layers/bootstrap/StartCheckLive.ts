import { Effect, type FileSystem, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import type { Host } from "../../services/Host.ts"
import type { InstanceMetadata, TaskMetadata } from "../../services/Metadata.ts"
import { StartCheck } from "../../services/StartCheck.ts"
import { makeBootstrap } from "./BootstrapLive.ts"
import { chooseMode } from "./mode/chooseMode.ts"
import { readCustomBootstrap } from "./userFiles/customBootstrap.ts"

/** The bootstrap, and an Envoy that can be started with it. */
const checkStart = Effect.gen(function* () {
  const binary = yield* EnvoyBinary
  const envoy = yield* Effect.result(binary.path)
  const bootstrap = yield* Effect.result(makeBootstrap)
  if (Result.isSuccess(envoy)) return yield* Effect.fromResult(bootstrap)
  const others = Result.isFailure(bootstrap) ? bootstrap.failure.problems : []
  return yield* new BootstrapError({ problems: [...others, envoy.failure] })
})

/** A file of the user's own counts even if it cannot be read: `run` would not start without it. */
const modeInForce = Effect.gen(function* () {
  const { settings } = yield* Config
  const custom = yield* Effect.result(readCustomBootstrap(settings))
  if (Result.isSuccess(custom) && Option.isNone(custom.success)) {
    const { mode, reason } = chooseMode(settings)
    return { name: mode, reason }
  }
  return { name: "own bootstrap" as const, reason: `ENVOY_CONFIG_FILE=${settings.ENVOY_CONFIG_FILE}` }
})

export const StartCheckLive = Layer.effect(
  StartCheck,
  Effect.gen(function* () {
    const context = yield* Effect.context<
      Config | EnvoyBinary | Host | TaskMetadata | InstanceMetadata | FileSystem.FileSystem
    >()
    return StartCheck.of({
      mode: Effect.provideContext(modeInForce, context),
      check: Effect.provideContext(checkStart, context)
    })
  })
)

/** The bootstrap of a command that starts Envoy. */
export const BootstrapOfStartLive = Layer.effect(
  Bootstrap,
  Effect.flatMap(StartCheck, ({ check }) => check)
)

/** The settings of a command that starts Envoy. If one cannot be used, the error names everything that is wrong. */
export const ConfigOfStartLive = Layer.effect(
  Config,
  Effect.gen(function* () {
    const config = yield* Config
    if (config.problems.length > 0) yield* (yield* StartCheck).check
    return config
  })
)
