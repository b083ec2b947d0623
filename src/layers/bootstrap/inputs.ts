import { Effect } from "effect"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import { Host } from "../../services/Host.ts"
import type { AgentMode } from "../../services/Setting.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import type { BootstrapFacts } from "./compose.ts"
import { resolveAdminAccessLog } from "./fragments/adminAccessLog.ts"
import { socketWarnings } from "./fragments/unixSockets.ts"
import { credentialProblems } from "./mode/credentials.ts"
import { decideLocalRelay } from "./mode/localRelay.ts"
import { findTrustedRoots } from "./mode/trustedRoots.ts"
import { collectPlatformFacts } from "./platformFacts.ts"
import { type MergedFiles, readMergedFiles } from "./userFiles/mergedFiles.ts"
import { samplingManifestProblems } from "./userFiles/samplingManifest.ts"

const noMergedFiles: MergedFiles = { files: [], problems: [] }

/** The files that a workload's bootstrap is made of or refers to. A relay's bootstrap is a template alone. */
export const workloadFiles = (mode: AgentMode, settings: Settings) => ({
  credentialProblems: credentialProblems(mode, settings),
  manifestProblems: samplingManifestProblems(settings),
  mergedFiles: readMergedFiles(settings)
})

const relayFiles = (settings: Settings) => ({
  credentialProblems: credentialProblems("relay", settings),
  manifestProblems: Effect.succeed([]),
  mergedFiles: Effect.succeed(noMergedFiles)
})

/** Whether Envoy's version decides something: which runtime flags it still knows, or whether it is built for FIPS. */
const dependsOnVersion = (mode: AgentMode, { APPNET_RUNTIME_GUARDS }: Settings) =>
  APPNET_RUNTIME_GUARDS === "auto" || mode === "app mesh" || mode === "relay"

/**
 * Everything but the settings that a generated bootstrap depends on: Envoy, the host, the metadata endpoints and files.
 * It is collected concurrently, so it takes as long as the slowest part. Nothing here fails: problems are part of the
 * result.
 */
export const collectInputs = Effect.fn("Bootstrap.collectInputs")(function* (mode: AgentMode, settings: Settings) {
  const binary = yield* EnvoyBinary
  const host = yield* Host
  const collected = yield* Effect.all(
    {
      version: dependsOnVersion(mode, settings) ? binary.version : Effect.succeedNone,
      localRelay: decideLocalRelay(mode, settings),
      platform: collectPlatformFacts(mode, settings),
      accessLog: resolveAdminAccessLog(settings.ENVOY_ADMIN_ACCESS_LOG_FILE),
      trustedRoots: findTrustedRoots(settings),
      socketWarnings: socketWarnings(settings),
      ...(mode === "relay" ? relayFiles(settings) : workloadFiles(mode, settings))
    },
    { concurrency: "unbounded" }
  )
  return { ...collected, host }
})

export type BootstrapInputs = Effect.Success<ReturnType<typeof collectInputs>>

/** The inputs that are composed into the bootstrap. */
export const factsOf = (
  { accessLog, host, mergedFiles, platform, trustedRoots, version }: BootstrapInputs,
  isSet: (name: SettingName) => boolean
): BootstrapFacts => ({
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
