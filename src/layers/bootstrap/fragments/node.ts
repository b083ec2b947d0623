import { Option, Result, Schema } from "effect"
import type { InterfaceAddress } from "../../../services/Host.ts"
import type { InstanceFacts, TaskFacts } from "../../../services/Metadata.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import type { WorkloadMode } from "../mode/mode.ts"
import { by, type Decided, type PartObject } from "../provenance.ts"

/** What the machine, the task and the instance say of themselves. */
export interface NodeFacts {
  readonly kernelVersion: string
  readonly machine: string
  readonly addresses: ReadonlyArray<InterfaceAddress>
  readonly task: TaskFacts
  readonly instance: InstanceFacts
}

const interfaces = (addresses: ReadonlyArray<InterfaceAddress>): PartObject => {
  const families: Record<string, Record<string, ReadonlyArray<string>>> = {}
  for (const { cidr, family, interface: name } of addresses) {
    const known = families[family]
    families[family] = { ...known, [name]: [...(known?.[name] ?? []), cidr] }
  }
  return families
}

const Mapping = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite])))

/** A JSON object that the platform hands over; what cannot be read is left out, and named. */
const mapping = (settings: Settings, variable: "APPNET_CONTAINER_IP_MAPPING" | "APPNET_LISTENER_PORT_MAPPING") => {
  const text = settings[variable]
  if (text === undefined) return { value: Option.none<Decided>(), warnings: [] }
  const read = Schema.decodeUnknownResult(Mapping)(text)
  return Result.isSuccess(read)
    ? { value: Option.some(by(read.success, variable)), warnings: [] }
    : {
        value: Option.none<Decided>(),
        warnings: [`${variable}=${text} is no JSON object of names to values: it is left out of the node metadata`]
      }
}

/** Undefined where nothing is in it. */
const nonEmpty = (value: PartObject): PartObject | undefined =>
  Object.values(value).some((field) => field !== undefined) ? value : undefined

const optional = (value: string | undefined, variable: SettingName) =>
  value === undefined ? undefined : by(value, variable)

const zoneName = ({ instance, task }: NodeFacts) => task.availabilityZone ?? instance.availabilityZone
const zoneId = ({ instance, task }: NodeFacts) => task.availabilityZoneId ?? instance.availabilityZoneId

/** Where and what the node runs on. */
const platformInfo = (settings: Settings, facts: NodeFacts): PartObject => ({
  AvailabilityZone: zoneName(facts),
  AvailabilityZoneID: zoneId(facts),
  ecsPlatformInfo: nonEmpty({
    CPU: facts.task.cpu,
    Memory: facts.task.memory,
    ecsClusterArn: facts.task.clusterArn,
    ecsContainerInstanceArn: optional(settings.ECS_CONTAINER_INSTANCE_ARN, "ECS_CONTAINER_INSTANCE_ARN"),
    ecsLaunchType: settings.AWS_EXECUTION_ENV?.startsWith("AWS_ECS_")
      ? by(settings.AWS_EXECUTION_ENV, "AWS_EXECUTION_ENV")
      : undefined,
    ecsTaskArn: facts.task.taskArn
  }),
  k8sPlatformInfo: nonEmpty({
    appMeshControllerVersion: optional(
      settings.APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION,
      "APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION"
    ),
    k8sVersion: optional(settings.APPMESH_PLATFORM_K8S_VERSION, "APPMESH_PLATFORM_K8S_VERSION"),
    podUid: optional(settings.APPMESH_PLATFORM_K8S_POD_UID, "APPMESH_PLATFORM_K8S_POD_UID")
  }),
  supportedIPFamilies: facts.task.ipFamilies,
  systemInfo: { systemKernelVersion: facts.kernelVersion, systemPlatform: facts.machine },
  fipsModeEnabled: settings.APPNET_FIPS_MODE_ENABLED ? by(true, "APPNET_FIPS_MODE_ENABLED") : undefined
})

/** Envoy's node cluster: what it calls itself in metrics and traces. */
export const nodeCluster = (mode: WorkloadMode, settings: Settings): string =>
  mode._tag === "Standalone"
    ? mode.nodeCluster
    : (settings.APPMESH_RESOURCE_CLUSTER ?? settings.APPMESH_VIRTUAL_NODE_CLUSTER ?? mode.nodeId)

export interface NodeFragment {
  readonly node: PartObject
  readonly warnings: ReadonlyArray<string>
}

/** Who this Envoy is, and what the management server is told of it; a control plane without AWS is told the name alone. */
export const nodeFragment = (
  mode: WorkloadMode,
  settings: Settings,
  facts: NodeFacts,
  staticRuntime: PartObject
): NodeFragment => {
  const cluster = nodeCluster(mode, settings)
  if (mode._tag === "Standalone") {
    return {
      node: { id: by(mode.nodeId, "APPNET_NODE_ID"), cluster: by(cluster, "APPNET_NODE_CLUSTER") },
      warnings: []
    }
  }
  const containers = mapping(settings, "APPNET_CONTAINER_IP_MAPPING")
  const listeners = mapping(settings, "APPNET_LISTENER_PORT_MAPPING")
  const zone = zoneId(facts)
  return {
    node: {
      id: by(mode.nodeId, mode.namedBy),
      cluster: by(
        cluster,
        settings.APPMESH_RESOURCE_CLUSTER === undefined && settings.APPMESH_VIRTUAL_NODE_CLUSTER !== undefined
          ? "APPMESH_VIRTUAL_NODE_CLUSTER"
          : "APPMESH_RESOURCE_CLUSTER"
      ),
      locality: zone === undefined ? undefined : { region: optional(mode.region, "AWS_REGION"), zone },
      metadata: {
        "aws.appmesh.static_runtime": staticRuntime,
        "aws.appmesh.metric_filter":
          settings.APPMESH_METRIC_EXTENSION_VERSION === "1"
            ? by({ level: "1" }, "APPMESH_METRIC_EXTENSION_VERSION")
            : undefined,
        "aws.appmesh.task.interfaces": nonEmpty(interfaces(facts.addresses)),
        "aws.appmesh.platformInfo": platformInfo(settings, facts),
        "aws.ecs.serviceconnect.ClusterIPMapping": Option.getOrUndefined(containers.value),
        "aws.ecs.serviceconnect.ListenerPortMapping": Option.getOrUndefined(listeners.value),
        "aws.ecs.serviceconnect.ServiceDiscovery": nonEmpty({
          NamespaceName: optional(settings.NAMESPACE_NAME, "NAMESPACE_NAME"),
          NamespaceArn: optional(settings.NAMESPACE_ARN, "NAMESPACE_ARN")
        })
      }
    },
    warnings: [...containers.warnings, ...listeners.warnings]
  }
}
