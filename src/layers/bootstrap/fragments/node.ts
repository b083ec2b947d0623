import type { SettingName, Settings } from "../../../services/Settings.ts"
import type { WorkloadMode } from "../mode/resolvedMode.ts"
import { type PartObject, withSource } from "../provenance.ts"
import { type NodeFacts, nodeMetadata, zoneIdOf } from "./nodeMetadata.ts"

/** Envoy's node cluster: the name of the service in metrics and traces. */
export const nodeCluster = (mode: WorkloadMode, settings: Settings): string =>
  mode._tag === "Standalone"
    ? mode.nodeCluster
    : (settings.APPMESH_RESOURCE_CLUSTER ?? settings.APPMESH_VIRTUAL_NODE_CLUSTER ?? mode.nodeId)

const clusterVariable = (settings: Settings): SettingName =>
  settings.APPMESH_RESOURCE_CLUSTER === undefined && settings.APPMESH_VIRTUAL_NODE_CLUSTER !== undefined
    ? "APPMESH_VIRTUAL_NODE_CLUSTER"
    : "APPMESH_RESOURCE_CLUSTER"

export interface NodeFragment {
  readonly node: PartObject
  readonly warnings: ReadonlyArray<string>
}

/**
 * How Envoy identifies itself to the management server. A control plane without AWS gets no locality and no metadata.
 */
export const nodeFragment = (
  mode: WorkloadMode,
  settings: Settings,
  facts: NodeFacts,
  runtimeFlags: PartObject
): NodeFragment => {
  const cluster = nodeCluster(mode, settings)
  if (mode._tag === "Standalone") {
    return {
      node: {
        id: withSource(mode.nodeId, "APPNET_NODE_ID"),
        cluster: withSource(cluster, "APPNET_NODE_CLUSTER")
      },
      warnings: []
    }
  }
  const { metadata, warnings } = nodeMetadata(settings, facts, runtimeFlags)
  const region = mode.region === undefined ? undefined : withSource(mode.region, "AWS_REGION")
  const zone = zoneIdOf(facts)
  return {
    node: {
      id: withSource(mode.nodeId, mode.resourceVariable),
      cluster: withSource(cluster, clusterVariable(settings)),
      locality: zone === undefined ? undefined : { region, zone },
      metadata
    },
    warnings
  }
}
