import { type Option, Result } from "effect"
import type { AdminAddress, JsonObject, PartSource, SideFile } from "../../services/Bootstrap.ts"
import { type BootstrapProblem, UserFileError } from "../../services/BootstrapProblem.ts"
import { InvalidSetting } from "../../services/Config.ts"
import type { EnvoyVersion } from "../../services/EnvoyBinary.ts"
import type { AgentMode } from "../../services/Setting.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import { expectedAdmin, findAdminAddress } from "./adminAddress.ts"
import { adminFragment } from "./fragments/admin.ts"
import { clustersFragment, localClusterName } from "./fragments/clusters.ts"
import { dynamicResourcesFragment } from "./fragments/dynamicResources.ts"
import { nodeCluster, nodeFragment } from "./fragments/node.ts"
import type { NodeFacts } from "./fragments/nodeMetadata.ts"
import { runtimeFragment } from "./fragments/runtime.ts"
import { statsFragment } from "./fragments/stats.ts"
import { statsSinksFragment } from "./fragments/statsSinks.ts"
import { tracingFragment } from "./fragments/tracing.ts"
import { knownArns } from "./mode/meshResource.ts"
import type { RelayUpstream } from "./mode/relayUpstream.ts"
import type { ResolvedMode, WorkloadMode } from "./mode/resolvedMode.ts"
import { isObject } from "./protoJson.ts"
import { type PartObject, splitSources, withSource } from "./provenance.ts"
import { localRelayBootstrap, relayBootstrap } from "./relay/relayBootstrap.ts"
import { mergeFiles } from "./userFiles/merge.ts"
import type { MergedFile } from "./userFiles/mergedFiles.ts"

/** What the bootstrap is composed of besides mode and settings. */
export interface BootstrapFacts extends NodeFacts {
  readonly version: Option.Option<EnvoyVersion>
  /** The path of the admin's access log. */
  readonly accessLog: string
  /** The path of the trusted roots. */
  readonly caBundle: string
  /** In the order of the merge. */
  readonly files: ReadonlyArray<MergedFile>
  /** Whether the user set a variable. */
  readonly isSet: (name: SettingName) => boolean
}

/** The bootstrap of one Envoy. */
interface EnvoyBootstrap {
  readonly value: JsonObject
  readonly sources: ReadonlyArray<PartSource>
  readonly admin: AdminAddress
}

export interface Composed extends EnvoyBootstrap {
  readonly sideFiles: ReadonlyArray<SideFile>
  /** The bootstrap of the second Envoy, in local relay mode. */
  readonly localRelay: EnvoyBootstrap | undefined
  /** The runtime flags that are left out, since this Envoy has removed them. */
  readonly leftOutFlags: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

/** What to correct if a bootstrap has no admin address: a file that brings its own admin, else the socket's path. */
const missingAdmin = (settings: Settings, files: ReadonlyArray<MergedFile>): BootstrapProblem => {
  const file = files.findLast(({ value }) => isObject(value) && value.admin !== undefined)
  const reason = `no address that the agent can connect to: ${expectedAdmin}`
  if (file !== undefined) {
    const { path, positionOf, variable } = file
    return new UserFileError({ variable, path, position: positionOf("admin"), reason: `admin has ${reason}` })
  }
  const value = settings.APPNET_ENVOY_ADMIN_UDS_PATH
  return new InvalidSetting({ variable: "APPNET_ENVOY_ADMIN_UDS_PATH", value, reason: `is ${reason}` })
}

const envoyBootstrap = (
  parts: PartObject,
  settings: Settings,
  files: ReadonlyArray<MergedFile> = []
): Result.Result<EnvoyBootstrap, ReadonlyArray<BootstrapProblem>> => {
  const { sources, value } = splitSources(parts)
  const admin = findAdminAddress(value)
  return admin === undefined ? Result.fail([missingAdmin(settings, files)]) : Result.succeed({ value, sources, admin })
}

/** The bootstrap of a relay. Nothing is merged into it. */
const composeRelay = (
  template: typeof relayBootstrap,
  upstream: RelayUpstream,
  settings: Settings,
  { caBundle, isSet, version }: BootstrapFacts
): Result.Result<Composed, ReadonlyArray<BootstrapProblem>> => {
  const { layeredRuntime, leftOut, warnings } = runtimeFragment("relay", settings, version, isSet)
  const parts = template({ version, upstream, settings, caBundle, layeredRuntime })
  return Result.map(envoyBootstrap(parts, settings), (bootstrap) => ({
    ...bootstrap,
    localRelay: undefined,
    sideFiles: [],
    leftOutFlags: leftOut,
    warnings
  }))
}

/** A resource of an unknown kind is the management server's to judge. */
const unknownResource = (mode: WorkloadMode): ReadonlyArray<string> =>
  mode._tag === "ServiceConnect" && mode.resource._tag === "Other"
    ? [`${mode.resourceVariable}=${mode.nodeId} names a resource of an unknown kind: known is ${knownArns}`]
    : []

/** The bootstrap of an Envoy that carries a workload's traffic, in the order of Envoy's own documentation. */
const composeWorkload = (
  mode: WorkloadMode,
  settings: Settings,
  facts: BootstrapFacts
): Result.Result<Composed, ReadonlyArray<BootstrapProblem>> => {
  const resource = mode._tag === "Standalone" ? undefined : mode.resource
  const isServiceConnect = mode._tag === "ServiceConnect"
  const runtime = runtimeFragment("workload", settings, facts.version, facts.isSet)
  const node = nodeFragment(mode, settings, facts, runtime.flags)
  const tracing = tracingFragment(settings, { resource, nodeCluster: nodeCluster(mode, settings) })
  const clusters = clustersFragment(settings, isServiceConnect, tracing.cluster)
  const statsSinks = statsSinksFragment(settings)

  const generated: PartObject = {
    node: node.node,
    admin: adminFragment(settings, facts.accessLog),
    layeredRuntime: runtime.layeredRuntime,
    dynamicResources: dynamicResourcesFragment(mode, settings, facts.caBundle),
    staticResources: clusters.length > 0 ? { clusters } : undefined,
    clusterManager: {
      localClusterName: isServiceConnect ? localClusterName : undefined,
      outlierDetection: {
        eventLogPath: withSource(
          settings.ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH,
          "ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH"
        )
      }
    },
    tracing: tracing.tracing,
    statsSinks: statsSinks.length > 0 ? statsSinks : undefined,
    ...statsFragment(settings, resource)
  }

  return Result.flatMap(mergeFiles(generated, facts.files), (merged) =>
    Result.map(envoyBootstrap(merged.parts, settings, facts.files), (bootstrap) => ({
      ...bootstrap,
      localRelay: undefined,
      sideFiles: tracing.sideFiles,
      leftOutFlags: runtime.leftOut,
      warnings: [...unknownResource(mode), ...runtime.warnings, ...node.warnings, ...merged.warnings]
    }))
  )
}

/** Assembles the bootstrap of Envoy, and that of the local relay if there is one. */
export const compose = (
  mode: ResolvedMode,
  settings: Settings,
  facts: BootstrapFacts
): Result.Result<Composed, ReadonlyArray<BootstrapProblem>> => {
  if (mode._tag === "Relay") return composeRelay(relayBootstrap, mode.upstream, settings, facts)
  const workload = composeWorkload(mode, settings, facts)
  const upstream = mode._tag === "AppMesh" ? mode.localRelay : undefined
  if (upstream === undefined) return workload
  return Result.flatMap(workload, (composed) =>
    // The warnings of the local relay are among those of the workload.
    Result.map(composeRelay(localRelayBootstrap, upstream, settings, facts), (localRelay) => ({
      ...composed,
      localRelay
    }))
  )
}

/** A mode without what its settings lack: it serves to check what does not depend on that. */
const standIns: Readonly<Record<Exclude<AgentMode, "relay">, WorkloadMode>> = {
  "app mesh": {
    _tag: "AppMesh",
    nodeId: "",
    resourceVariable: "APPMESH_RESOURCE_ARN",
    resource: { _tag: "VirtualNode", mesh: "", name: "" },
    region: "",
    endpoint: "",
    signingName: "",
    localRelay: undefined
  },
  "service connect": {
    _tag: "ServiceConnect",
    nodeId: "",
    resourceVariable: "APPMESH_RESOURCE_ARN",
    resource: { _tag: "TaskSet", cluster: "", service: "" },
    region: undefined,
    endpoint: ""
  },
  standalone: { _tag: "Standalone", endpoint: "", security: "grpc", nodeId: "", nodeCluster: "" }
}

/** What is wrong with the user's files and the admin, although the mode itself lacks something. */
export const problemsBesidesMode = (
  mode: AgentMode,
  settings: Settings,
  facts: BootstrapFacts
): ReadonlyArray<BootstrapProblem> => {
  if (mode === "relay") return []
  const composed = composeWorkload(standIns[mode], settings, facts)
  return Result.isFailure(composed) ? composed.failure : []
}
