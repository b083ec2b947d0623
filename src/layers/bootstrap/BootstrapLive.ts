import { Effect, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import type { Mode } from "../../services/Setting.ts"
import type { SettingName } from "../../services/Settings.ts"
import { compose } from "./compose.ts"
import { logDecisions } from "./decisionLog.ts"
import { tracerConflict } from "./fragments/tracing.ts"
import { collectInputs } from "./inputs.ts"
import { chooseMode } from "./mode/chooseMode.ts"
import { managementServerOf } from "./mode/managementServer.ts"
import { resolveMode } from "./mode/resolveMode.ts"
import { unusedSettings } from "./mode/unusedSettings.ts"
import { portCollisions } from "./portCollisions.ts"
import { usesVariable } from "./provenance.ts"
import { readCustomBootstrap } from "./userFiles/customBootstrap.ts"

const generateBootstrap = Effect.fn("Bootstrap.generate")(function* ({ inForce, settings }: Config["Service"]) {
  const { mode, reason } = chooseMode(settings)
  yield* Effect.logDebug(`${mode} mode: ${reason}`)

  const inputs = yield* collectInputs(mode, settings)
  const { accessLog, host, localRelay, mergedFiles, platform, trustedRoots, version } = inputs
  yield* Effect.logDebug(`${localRelay.isEnabled ? "a local relay signs" : "no local relay"}: ${localRelay.reason}`)

  // Every problem is collected before any of them ends the start.
  const setVariables = new Set(inForce.filter(({ source }) => source !== "default").map(({ name }) => name))
  const isSet = (name: SettingName) => setVariables.has(name)
  const resolved = resolveMode(mode, settings, {
    hostName: host.name,
    version,
    region: settings.AWS_REGION ?? platform.instance.facts.region,
    usesLocalRelay: localRelay.isEnabled,
    isSet
  })
  const activeModes: readonly [Mode, ...ReadonlyArray<Mode>] = localRelay.isEnabled ? [mode, "local relay"] : [mode]
  const conflict = mode === "relay" ? undefined : tracerConflict(settings)
  const problems = [
    ...(Result.isFailure(resolved) ? resolved.failure : []),
    ...(conflict === undefined ? [] : [conflict]),
    ...inputs.missingCredentials,
    ...inputs.manifestProblems,
    ...mergedFiles.problems,
    ...portCollisions(settings, activeModes)
  ]
  if (Result.isFailure(resolved) || problems.length > 0) return yield* new BootstrapError({ problems })

  const composed = compose(resolved.success, settings, {
    version,
    kernelVersion: host.kernelVersion,
    machine: host.machine,
    addresses: host.addresses,
    task: platform.task.facts,
    instance: platform.instance.facts,
    accessLog: accessLog.path,
    caBundle: trustedRoots.path,
    files: mergedFiles.files,
    isSet
  })
  if (Result.isFailure(composed)) return yield* new BootstrapError({ problems: composed.failure })

  const { admin, leftOutFlags, localRelay: relay, sideFiles, sources, value, warnings } = composed.success
  const managementServer = managementServerOf(resolved.success, settings, trustedRoots.path)
  const allSources = [...sources, ...(relay?.sources ?? [])]
  yield* logDecisions(
    { sources: allSources, managementServer, accessLog: accessLog.path, caBundle: trustedRoots.path, leftOutFlags },
    inForce
  )
  return Bootstrap.of({
    document: { _tag: "Generated", value, sources, sideFiles },
    admin,
    localRelay: relay && {
      document: { _tag: "Generated", value: relay.value, sources: relay.sources, sideFiles: [] },
      admin: relay.admin
    },
    managementServer,
    warnings: [
      ...unusedSettings(activeModes, inForce),
      ...localRelay.warnings,
      ...inputs.socketWarnings,
      ...(usesVariable(sources, "ENVOY_ADMIN_ACCESS_LOG_FILE") ? accessLog.warnings : []),
      ...(usesVariable(allSources, "APPNET_CA_BUNDLE") ? trustedRoots.warnings : []),
      ...platform.task.warnings,
      ...platform.instance.warnings,
      ...warnings
    ]
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
