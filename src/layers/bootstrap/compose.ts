import type { Option } from "effect"
import type { AdminAddress, JsonObject } from "../../services/Bootstrap.ts"
import type { EnvoyVersion } from "../../services/EnvoyBinary.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import { adminFragment } from "./admin.ts"
import { dynamicResourcesFragment } from "./dynamicResources.ts"
import type { BootstrapMode } from "./mode.ts"
import { type HostFacts, nodeMetadata } from "./nodeMetadata.ts"
import { runtimeFragment } from "./runtime.ts"
import { statsFragment } from "./stats.ts"

/** Everything from the world that the bootstrap depends on. */
export interface BootstrapFacts {
  readonly version: Option.Option<EnvoyVersion>
  readonly host: HostFacts
  /** Envoy's admin access log: `ENVOY_ADMIN_ACCESS_LOG_FILE`, or what stands in for it. */
  readonly accessLog: string
  /** Whether the user set a variable. */
  readonly isSet: (name: SettingName) => boolean
}

export interface Composed {
  readonly value: JsonObject
  readonly admin: AdminAddress
  readonly warnings: ReadonlyArray<string>
}

const localCluster = "local_cluster"

/** Zone aware routing needs to know how many of the own service run in each zone: EDS says, or Envoy goes on without. */
const localClusterResource: JsonObject = {
  name: localCluster,
  type: "EDS",
  edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout: "0.001s", resourceApiVersion: "V3" } }
}

/** The whole bootstrap, part by part, in the order of Envoy's own documentation. */
export const compose = (mode: BootstrapMode, settings: Settings, facts: BootstrapFacts): Composed => {
  const { admin, address } = adminFragment(settings, facts.accessLog)
  const runtime = runtimeFragment(settings, facts.version, facts.isSet)
  const { metadata, warnings } = nodeMetadata(settings, facts.host, runtime.staticLayer)
  const cluster = settings.APPMESH_RESOURCE_CLUSTER ?? settings.APPMESH_VIRTUAL_NODE_CLUSTER ?? mode.nodeId
  return {
    value: {
      node: { id: mode.nodeId, cluster, metadata },
      admin,
      layeredRuntime: runtime.layeredRuntime,
      dynamicResources: dynamicResourcesFragment(mode, settings),
      staticResources: { clusters: [localClusterResource] },
      clusterManager: {
        localClusterName: localCluster,
        outlierDetection: { eventLogPath: settings.ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH }
      },
      ...statsFragment(settings, mode.resource)
    },
    admin: address,
    warnings: [...runtime.warnings, ...warnings]
  }
}
