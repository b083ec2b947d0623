import type { InterfaceAddress } from "../../../services/Host.ts"
import { parseJsonObject } from "../../../services/jsonObject.ts"
import type { InstanceFacts, TaskFacts } from "../../../services/Metadata.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { isPod } from "../../platform/kubernetesPod.ts"
import { type PartObject, type Sourced, withSource } from "../provenance.ts"

/** Facts about the machine, the ECS task and the EC2 instance. */
export interface NodeFacts {
  readonly kernelVersion: string
  readonly machine: string
  readonly addresses: ReadonlyArray<InterfaceAddress>
  readonly task: TaskFacts
  readonly instance: InstanceFacts
}

const zoneNameOf = ({ instance, task }: NodeFacts) => task.availabilityZone ?? instance.availabilityZone

/** The id of the availability zone, like `usw2-az2`. */
export const zoneIdOf = ({ instance, task }: NodeFacts) => task.availabilityZoneId ?? instance.availabilityZoneId

/** `{ ipv4: { eth0: ["10.0.0.3/24"] } }`. */
const addressesByFamily = (addresses: ReadonlyArray<InterfaceAddress>): PartObject => {
  const families: Record<string, Record<string, ReadonlyArray<string>>> = {}
  for (const { cidr, family, interface: name } of addresses) {
    const interfaces = families[family]
    families[family] = { ...interfaces, [name]: [...(interfaces?.[name] ?? []), cidr] }
  }
  return families
}

/** Undefined for an object without fields. */
const unlessEmpty = (object: PartObject): PartObject | undefined =>
  Object.values(object).some((field) => field !== undefined) ? object : undefined

const optional = (value: string | undefined, variable: SettingName) =>
  value === undefined ? undefined : withSource(value, variable)

/** What the node runs on. */
const platformInfo = (settings: Settings, facts: NodeFacts): PartObject => ({
  AvailabilityZone: zoneNameOf(facts),
  AvailabilityZoneID: zoneIdOf(facts),
  ecsPlatformInfo: unlessEmpty({
    CPU: facts.task.cpu,
    Memory: facts.task.memory,
    ecsClusterArn: facts.task.clusterArn,
    ecsContainerInstanceArn: optional(settings.ECS_CONTAINER_INSTANCE_ARN, "ECS_CONTAINER_INSTANCE_ARN"),
    ecsLaunchType: settings.AWS_EXECUTION_ENV?.startsWith("AWS_ECS_")
      ? withSource(settings.AWS_EXECUTION_ENV, "AWS_EXECUTION_ENV")
      : undefined,
    ecsTaskArn: facts.task.taskArn
  }),
  k8sPlatformInfo: isPod(settings)
    ? {
        appMeshControllerVersion: optional(
          settings.APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION,
          "APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION"
        ),
        k8sVersion: optional(settings.APPMESH_PLATFORM_K8S_VERSION, "APPMESH_PLATFORM_K8S_VERSION"),
        podUid: optional(settings.APPMESH_PLATFORM_K8S_POD_UID, "APPMESH_PLATFORM_K8S_POD_UID")
      }
    : undefined,
  supportedIPFamilies: facts.task.ipFamilies,
  systemInfo: { systemKernelVersion: facts.kernelVersion, systemPlatform: facts.machine },
  fipsModeEnabled: settings.APPNET_FIPS_MODE_ENABLED ? withSource(true, "APPNET_FIPS_MODE_ENABLED") : undefined
})

interface ParsedMapping {
  readonly value: Sourced | undefined
  readonly warnings: ReadonlyArray<string>
}

/** A JSON object that the ECS agent puts into a variable. One that cannot be parsed is left out, with a warning. */
const parseMapping = (
  settings: Settings,
  variable: "APPNET_CONTAINER_IP_MAPPING" | "APPNET_LISTENER_PORT_MAPPING"
): ParsedMapping => {
  const text = settings[variable]
  if (text === undefined) return { value: undefined, warnings: [] }
  const mapping = parseJsonObject(text)
  if (mapping !== undefined) return { value: withSource(mapping, variable), warnings: [] }
  const warning = `${variable}=${text.slice(0, 200)} is not a JSON object of names and values: it is left out of the node metadata`
  return { value: undefined, warnings: [warning] }
}

export interface NodeMetadata {
  readonly metadata: PartObject
  readonly warnings: ReadonlyArray<string>
}

/** The metadata that AWS management servers read: `node.metadata`. It repeats the runtime flags. */
export const nodeMetadata = (settings: Settings, facts: NodeFacts, runtimeFlags: PartObject): NodeMetadata => {
  const containers = parseMapping(settings, "APPNET_CONTAINER_IP_MAPPING")
  const listeners = parseMapping(settings, "APPNET_LISTENER_PORT_MAPPING")
  const metadata: PartObject = {
    "aws.appmesh.static_runtime": runtimeFlags,
    "aws.appmesh.metric_filter":
      settings.APPMESH_METRIC_EXTENSION_VERSION === "1"
        ? withSource({ level: "1" }, "APPMESH_METRIC_EXTENSION_VERSION")
        : undefined,
    "aws.appmesh.task.interfaces": unlessEmpty(addressesByFamily(facts.addresses)),
    "aws.appmesh.platformInfo": platformInfo(settings, facts),
    "aws.ecs.serviceconnect.ClusterIPMapping": containers.value,
    "aws.ecs.serviceconnect.ListenerPortMapping": listeners.value,
    "aws.ecs.serviceconnect.ServiceDiscovery": unlessEmpty({
      NamespaceName: optional(settings.NAMESPACE_NAME, "NAMESPACE_NAME"),
      NamespaceArn: optional(settings.NAMESPACE_ARN, "NAMESPACE_ARN")
    })
  }
  return { metadata, warnings: [...containers.warnings, ...listeners.warnings] }
}
