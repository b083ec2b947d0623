import { type Option, Result } from "effect"
import type { AdminAddress, Decision, JsonObject, SideFile } from "../../services/Bootstrap.ts"
import type { EnvoyVersion } from "../../services/EnvoyBinary.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import { adminOf } from "./adminAddress.ts"
import { adminFragment } from "./fragments/admin.ts"
import { clustersFragment, localCluster } from "./fragments/clusters.ts"
import { dynamicResourcesFragment } from "./fragments/dynamicResources.ts"
import { type NodeFacts, nodeCluster, nodeFragment } from "./fragments/node.ts"
import { localRelayBootstrap, relayBootstrap } from "./fragments/relay.ts"
import { runtimeFragment } from "./fragments/runtime.ts"
import { sinksFragment } from "./fragments/sinks.ts"
import { statsFragment } from "./fragments/stats.ts"
import { tracingFragment } from "./fragments/tracing.ts"
import type { BootstrapMode, WorkloadMode } from "./mode/mode.ts"
import type { RelayUpstream } from "./mode/relayUpstream.ts"
import { by, type PartObject, settle } from "./provenance.ts"
import { type CustomFile, mergeFiles } from "./userFiles/merge.ts"

/** Everything from the world that the bootstrap depends on. */
export interface BootstrapFacts extends NodeFacts {
  readonly version: Option.Option<EnvoyVersion>
  /** Envoy's admin access log: `ENVOY_ADMIN_ACCESS_LOG_FILE`, or what stands in for it. */
  readonly accessLog: string
  /** Trusted roots: `APPNET_CA_BUNDLE`, or the first that exists. */
  readonly caBundle: string
  /** The files that settings name, in the order in which they are merged. */
  readonly files: ReadonlyArray<CustomFile>
  /** Whether the user set a variable. */
  readonly isSet: (name: SettingName) => boolean
}

/** The bootstrap of one Envoy. */
interface OfOneEnvoy {
  readonly value: JsonObject
  readonly decisions: ReadonlyArray<Decision>
  readonly admin: AdminAddress
}

export interface Composed extends OfOneEnvoy {
  readonly sideFiles: ReadonlyArray<SideFile>
  /** Of the second Envoy, where there is one. */
  readonly localRelay: OfOneEnvoy | undefined
  readonly warnings: ReadonlyArray<string>
}

/** Nothing at all, rather than an empty list or object. */
const unlessEmpty = <A>(list: ReadonlyArray<A>) => (list.length > 0 ? list : undefined)

const noAdmin =
  "ENVOY_RESOURCES_CONFIG_FILE brings an admin without an address that the agent could ask: expected admin.address with a socketAddress (address and portValue) or a pipe (path)"

const settled = (parts: PartObject): Result.Result<OfOneEnvoy, ReadonlyArray<string>> => {
  const { decisions, value } = settle(parts)
  const admin = adminOf(value)
  return admin === undefined ? Result.fail([noAdmin]) : Result.succeed({ value, decisions, admin })
}

/** A relay's bootstrap is a template, into which nothing is merged. */
const ofRelay = (
  make: typeof relayBootstrap,
  upstream: RelayUpstream,
  settings: Settings,
  { caBundle, isSet, version }: BootstrapFacts
) => {
  const { layeredRuntime, warnings } = runtimeFragment("relay", settings, version, isSet)
  return Result.map(settled(make(upstream, settings, caBundle, layeredRuntime)), (relay) => ({ relay, warnings }))
}

/** What Envoy is started with, and the local relay where there is one; or every reason why there is none. */
export const compose = (
  mode: BootstrapMode,
  settings: Settings,
  facts: BootstrapFacts
): Result.Result<Composed, ReadonlyArray<string>> => {
  if (mode._tag === "Relay") {
    return Result.map(ofRelay(relayBootstrap, mode.upstream, settings, facts), ({ relay, warnings }) => ({
      ...relay,
      sideFiles: [],
      localRelay: undefined,
      warnings
    }))
  }
  const upstream = mode._tag === "AppMesh" ? mode.localRelay : undefined
  const workload = composeWorkload(mode, settings, facts)
  if (upstream === undefined) return workload
  return Result.flatMap(workload, (composed) =>
    // What it warns of, the workload's runtime warns of as well.
    Result.map(ofRelay(localRelayBootstrap, upstream, settings, facts), ({ relay }) => ({
      ...composed,
      localRelay: relay
    }))
  )
}

/** The whole bootstrap, part by part, in the order of Envoy's own documentation. */
const composeWorkload = (
  mode: WorkloadMode,
  settings: Settings,
  facts: BootstrapFacts
): Result.Result<Composed, ReadonlyArray<string>> => {
  const resource = mode._tag === "Standalone" ? undefined : mode.resource
  const runtime = runtimeFragment("workload", settings, facts.version, facts.isSet)
  const node = nodeFragment(mode, settings, facts, runtime.staticLayer)
  const tracing = tracingFragment(settings, { resource, cluster: nodeCluster(mode, settings) })
  const inServiceConnect = mode._tag === "ServiceConnect"
  const clusters = clustersFragment(settings, inServiceConnect, tracing.cluster)

  const generated: PartObject = {
    node: node.node,
    admin: adminFragment(settings, facts.accessLog),
    layeredRuntime: runtime.layeredRuntime,
    dynamicResources: dynamicResourcesFragment(mode, settings, facts.caBundle),
    staticResources: clusters.length > 0 ? { clusters } : undefined,
    clusterManager: {
      localClusterName: inServiceConnect ? localCluster : undefined,
      outlierDetection: {
        eventLogPath: by(settings.ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH, "ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH")
      }
    },
    tracing: tracing.tracing,
    statsSinks: settings.ENVOY_STATS_SINKS_CFG_FILE === undefined ? unlessEmpty(sinksFragment(settings)) : undefined,
    ...statsFragment(settings, resource)
  }

  return Result.flatMap(mergeFiles(generated, facts.files), (merged) =>
    Result.map(settled(merged.parts), (own) => ({
      ...own,
      localRelay: undefined,
      sideFiles: tracing.sideFiles,
      warnings: [...runtime.warnings, ...node.warnings, ...merged.warnings]
    }))
  )
}
