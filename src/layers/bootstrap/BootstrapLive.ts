import { Effect, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import type { BootstrapProblem } from "../../services/BootstrapProblem.ts"
import { Config, isSetIn } from "../../services/Config.ts"
import type { AgentMode, Mode } from "../../services/Setting.ts"
import type { Settings } from "../../services/Settings.ts"
import { type Composed, compose } from "./compose.ts"
import { logDecisions } from "./decisionLog.ts"
import { tracerConflict } from "./fragments/tracing.ts"
import { type BootstrapInputs, collectInputs, factsOf } from "./inputs.ts"
import { chooseMode } from "./mode/chooseMode.ts"
import { managementServerOf } from "./mode/managementServer.ts"
import { resolveMode } from "./mode/resolveMode.ts"
import { unusedSettings } from "./mode/unusedSettings.ts"
import { portCollisions } from "./portCollisions.ts"
import { usesVariable } from "./provenance.ts"
import { readCustomBootstrap } from "./userFiles/customBootstrap.ts"

type ActiveModes = readonly [AgentMode, ...ReadonlyArray<Mode>]

/** What is wrong with settings and files, whatever the mode needs besides. */
const problemsOf = (
  settings: Settings,
  activeModes: ActiveModes,
  { manifestProblems, mergedFiles, missingCredentials }: BootstrapInputs
): ReadonlyArray<BootstrapProblem> => {
  const conflict = activeModes.includes("relay") ? undefined : tracerConflict(settings)
  return [
    ...(conflict === undefined ? [] : [conflict]),
    ...missingCredentials,
    ...manifestProblems,
    ...mergedFiles.problems,
    ...portCollisions(settings, activeModes)
  ]
}

/** The warning about an access log or a CA bundle is left out if the bootstrap does not use it. */
const warningsOf = (
  { accessLog, localRelay, platform, socketWarnings, trustedRoots }: BootstrapInputs,
  { localRelay: relay, sources, warnings }: Composed
): ReadonlyArray<string> => {
  const allSources = [...sources, ...(relay?.sources ?? [])]
  return [
    ...localRelay.warnings,
    ...socketWarnings,
    ...(usesVariable(sources, "ENVOY_ADMIN_ACCESS_LOG_FILE") ? accessLog.warnings : []),
    ...(usesVariable(allSources, "APPNET_CA_BUNDLE") ? trustedRoots.warnings : []),
    ...platform.task.warnings,
    ...platform.instance.warnings,
    ...warnings
  ]
}

const generateBootstrap = Effect.fn("Bootstrap.generate")(function* ({ inForce, settings }: Config["Service"]) {
  const { mode, reason } = chooseMode(settings)
  yield* Effect.logDebug(`${mode} mode: ${reason}`)

  const inputs = yield* collectInputs(mode, settings)
  const { accessLog, host, localRelay, platform, trustedRoots, version } = inputs
  yield* Effect.logDebug(`${localRelay.isEnabled ? "a local relay signs" : "no local relay"}: ${localRelay.reason}`)

  const isSet = isSetIn(inForce)
  const activeModes: ActiveModes = localRelay.isEnabled ? [mode, "local relay"] : [mode]
  const resolved = resolveMode(mode, settings, {
    hostName: host.name,
    version,
    region: settings.AWS_REGION ?? platform.instance.facts.region,
    usesLocalRelay: localRelay.isEnabled,
    isSet
  })
  // Every problem is reported at once, so that the user need not start the agent again for each of them.
  const problems = problemsOf(settings, activeModes, inputs)
  if (Result.isFailure(resolved)) return yield* new BootstrapError({ problems: [...resolved.failure, ...problems] })
  if (problems.length > 0) return yield* new BootstrapError({ problems })

  const composed = compose(resolved.success, settings, factsOf(inputs, isSet))
  if (Result.isFailure(composed)) return yield* new BootstrapError({ problems: composed.failure })

  const { admin, leftOutFlags, localRelay: relay, sideFiles, sources, value } = composed.success
  const managementServer = managementServerOf(resolved.success, settings, trustedRoots.path)
  yield* logDecisions(
    {
      sources: [...sources, ...(relay?.sources ?? [])],
      managementServer,
      accessLog: accessLog.path,
      caBundle: trustedRoots.path,
      leftOutFlags
    },
    isSet
  )
  return Bootstrap.of({
    document: { _tag: "Generated", value, sources, sideFiles },
    admin,
    localRelay: relay && {
      document: { _tag: "Generated", value: relay.value, sources: relay.sources, sideFiles: [] },
      admin: relay.admin
    },
    managementServer,
    warnings: [...unusedSettings(activeModes, inForce), ...warningsOf(inputs, composed.success)]
  })
})

/** The user's own bootstrap (`ENVOY_CONFIG_FILE`), else one that is generated from the settings. */
export const BootstrapLive = Layer.effect(
  Bootstrap,
  Effect.gen(function* () {
    const config = yield* Config
    const custom = yield* Effect.mapError(
      readCustomBootstrap(config.settings),
      (problem) => new BootstrapError({ problems: [problem] })
    )
    return Option.isSome(custom) ? custom.value : yield* generateBootstrap(config)
  })
)
