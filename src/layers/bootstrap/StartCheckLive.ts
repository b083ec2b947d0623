import { Effect, type FileSystem, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import type { BootstrapProblem } from "../../services/BootstrapProblem.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import type { Host } from "../../services/Host.ts"
import type { InstanceMetadata, TaskMetadata } from "../../services/Metadata.ts"
import { StartCheck } from "../../services/StartCheck.ts"
import { agentPathProblems, ownAdminProblems, socketPlaces } from "./agentPaths.ts"
import { isAmong, makeBootstrap } from "./BootstrapLive.ts"
import { chooseMode } from "./mode/chooseMode.ts"
import { readCustomBootstrap } from "./userFiles/customBootstrap.ts"

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

const customAdminProblems = ({ admin, document }: Bootstrap["Service"]) =>
  document._tag === "Custom" && admin._tag === "Unix" ? ownAdminProblems(document.path, admin.path) : Effect.succeed([])

/** The bootstrap; an Envoy that can be started with it, and folders for the agent's own files. */
const checkStart = Effect.gen(function* () {
  const { problems: invalid, settings } = yield* Config
  const binary = yield* EnvoyBinary
  const envoy = yield* Effect.result(binary.path)
  const bootstrap = yield* Effect.result(makeBootstrap)
  const isGenerated = Result.isSuccess(bootstrap)
    ? bootstrap.success.document._tag === "Generated"
    : (yield* modeInForce).name !== "own bootstrap"
  const options = { isGenerated, isInvalid: isAmong(invalid) }
  const places = yield* socketPlaces(settings, options)
  const problems: ReadonlyArray<BootstrapProblem> = [
    ...(Result.isFailure(bootstrap) ? bootstrap.failure.problems : []),
    ...(yield* agentPathProblems(settings, options)),
    ...places.problems,
    ...(Result.isSuccess(bootstrap) ? yield* customAdminProblems(bootstrap.success) : []),
    ...(Result.isFailure(envoy) ? [envoy.failure] : [])
  ]
  return Result.isSuccess(bootstrap) && problems.length === 0
    ? Bootstrap.of({ ...bootstrap.success, warnings: [...bootstrap.success.warnings, ...places.warnings] })
    : yield* new BootstrapError({ problems })
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
