import { Effect, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import type { BootstrapProblem, UserFileError } from "../../services/BootstrapProblem.ts"
import { Config, type InvalidSetting, isSetIn } from "../../services/Config.ts"
import { printableLine } from "../../services/foreignText.ts"
import type { AgentMode, Mode } from "../../services/Setting.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import { isUsedWithOwnBootstrap } from "../config/settingUse.ts"
import { type Composed, compose, problemsBesidesMode } from "./compose.ts"
import { logDecisions } from "./decisionLog.ts"
import { tracerConflict } from "./fragments/tracing.ts"
import { type BootstrapInputs, collectInputs, factsOf, workloadFiles } from "./inputs.ts"
import { chooseMode } from "./mode/chooseMode.ts"
import { managementServerOf } from "./mode/managementServer.ts"
import { resolveMode } from "./mode/resolveMode.ts"
import { unusedSettings } from "./mode/unusedSettings.ts"
import { portCollisions } from "./portCollisions.ts"
import { usesVariable } from "./provenance.ts"
import { readCustomBootstrap } from "./userFiles/customBootstrap.ts"
import { usesAds } from "./usesAds.ts"

type ActiveModes = readonly [AgentMode, ...ReadonlyArray<Mode>]

/** Whether a setting holds its default because its value cannot be used: nothing may be concluded from it. */
export const isAmong = (problems: ReadonlyArray<InvalidSetting>) => {
  const names = new Set(problems.map(({ variable }) => variable))
  return (name: SettingName) => names.has(name)
}

/** What is wrong with the files, whatever the mode needs besides. */
const fileProblems = ({
  credentialProblems,
  manifestProblems,
  mergedFiles
}: Pick<BootstrapInputs, "credentialProblems" | "manifestProblems" | "mergedFiles">): ReadonlyArray<UserFileError> => [
  ...credentialProblems,
  ...manifestProblems,
  ...mergedFiles.problems
]

const failWith = (problems: ReadonlyArray<BootstrapProblem>) => Effect.fail(new BootstrapError({ problems }))

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

/**
 * The problems of settings of which one that chooses the mode cannot be read: what only a certain mode needs is unknown.
 */
const problemsOfUnknownMode = Effect.fn("Bootstrap.problemsOfUnknownMode")(function* ({
  problems: invalid,
  settings
}: Config["Service"]) {
  const isInvalid = isAmong(invalid)
  // A relay reads none of a workload's files, and has its admin on a socket.
  const mayBeRelay = isInvalid("APPNET_ENABLE_RELAY_MODE_FOR_XDS")
  const files = mayBeRelay ? [] : fileProblems(yield* Effect.all(workloadFiles("standalone", settings)))
  const conflict = mayBeRelay ? undefined : tracerConflict(settings)
  return [
    ...invalid,
    ...(conflict === undefined ? [] : [conflict]),
    ...files,
    ...portCollisions({ settings, active: mayBeRelay ? ["relay"] : [], isInvalid })
  ]
})

const generateBootstrap = Effect.fn("Bootstrap.generate")(function* (config: Config["Service"]) {
  const { inForce, problems: invalid } = config
  const isInvalid = isAmong(invalid)
  // For settings with which it cannot be started, Envoy is not asked whether it needs a local relay; then the ports of one
  // are not compared with others.
  const isRelayUnknown = invalid.length > 0 && config.settings.APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS === "auto"
  const settings: Settings = isRelayUnknown
    ? { ...config.settings, APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0" }
    : config.settings
  if (isInvalid("APPNET_ENABLE_RELAY_MODE_FOR_XDS") || isInvalid("APPNET_XDS_MODE")) {
    return yield* failWith(yield* problemsOfUnknownMode(config))
  }
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
  const conflict = mode === "relay" ? undefined : tracerConflict(settings)
  const composed = Result.flatMap(resolved, (found) => compose(found, settings, factsOf(inputs, isSet)))
  // Every problem is reported at once, so that the user need not start the agent again for each of them.
  const problems: ReadonlyArray<BootstrapProblem> = [
    ...invalid,
    ...(Result.isFailure(resolved) ? resolved.failure : []),
    ...(conflict === undefined ? [] : [conflict]),
    ...fileProblems(inputs),
    ...(Result.isFailure(resolved) ? problemsBesidesMode(mode, settings, factsOf(inputs, isSet)) : []),
    ...(Result.isSuccess(resolved) && Result.isFailure(composed) ? composed.failure : []),
    ...portCollisions({ settings, active: activeModes, isInvalid })
  ]
  if (Result.isFailure(resolved) || Result.isFailure(composed) || problems.length > 0) {
    return yield* failWith(problems)
  }

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
    usesAds: usesAds(value),
    localRelay: relay && {
      document: { _tag: "Generated", value: relay.value, sources: relay.sources, sideFiles: [] },
      admin: relay.admin
    },
    managementServer,
    warnings: [...unusedSettings(activeModes, inForce), ...warningsOf(inputs, composed.success)].map(printableLine)
  })
})

/** With a bootstrap of the user's own, most settings are not used. */
const useCustomBootstrap = Effect.fn("Bootstrap.useCustom")(function* (
  { problems: invalid, settings }: Config["Service"],
  custom: Result.Result<Bootstrap["Service"], UserFileError>
) {
  const isInvalid = isAmong(invalid)
  const isUsed = ({ variable }: InvalidSetting) => isUsedWithOwnBootstrap(variable)
  const problems: ReadonlyArray<BootstrapProblem> = [
    ...invalid.filter(isUsed),
    ...(Result.isFailure(custom) ? [custom.failure] : []),
    ...portCollisions({
      settings,
      active: [],
      isInvalid,
      ownAdmin: Result.isSuccess(custom) ? custom.success.admin : undefined
    })
  ]
  if (Result.isFailure(custom) || problems.length > 0) return yield* failWith(problems)
  return Bootstrap.of({
    ...custom.success,
    warnings: [
      ...custom.success.warnings,
      ...invalid
        .filter((problem) => !isUsed(problem))
        .map(({ message }) => message.replace(" is invalid: ", " is invalid, but not used with ENVOY_CONFIG_FILE: "))
    ]
  })
})

/** The user's own bootstrap, else a generated one; or everything that is wrong with the settings, files and ports. */
export const makeBootstrap = Effect.gen(function* () {
  const config = yield* Config
  const custom = yield* Effect.result(readCustomBootstrap(config.settings))
  if (Result.isFailure(custom)) return yield* useCustomBootstrap(config, Result.fail(custom.failure))
  return yield* Option.match(custom.success, {
    onNone: () => generateBootstrap(config),
    onSome: (own) => useCustomBootstrap(config, Result.succeed(own))
  })
})

/** The user's own bootstrap (`ENVOY_CONFIG_FILE`), else one that is generated from the settings. */
export const BootstrapLive = Layer.effect(Bootstrap, makeBootstrap)
