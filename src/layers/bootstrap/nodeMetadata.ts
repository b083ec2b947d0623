import { Option, Result, Schema } from "effect"
import type { Json, JsonObject } from "../../services/Bootstrap.ts"
import type { InterfaceAddress } from "../../services/Host.ts"
import type { Settings } from "../../services/Settings.ts"

export interface HostFacts {
  readonly kernelVersion: string
  readonly machine: string
  readonly addresses: ReadonlyArray<InterfaceAddress>
}

const interfaces = (addresses: ReadonlyArray<InterfaceAddress>): JsonObject => {
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
  if (text === undefined) return { value: Option.none<JsonObject>(), warnings: [] }
  const read = Schema.decodeUnknownResult(Mapping)(text)
  return Result.isSuccess(read)
    ? { value: Option.some<JsonObject>(read.success), warnings: [] }
    : {
        value: Option.none<JsonObject>(),
        warnings: [`${variable}=${text} is no JSON object of names to values: it is left out of the node metadata`]
      }
}

const present = (fields: Readonly<Record<string, Json | undefined>>): JsonObject => {
  const kept: Record<string, Json> = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value
  return kept
}

const nonEmpty = (value: JsonObject): JsonObject | undefined => (Object.keys(value).length > 0 ? value : undefined)

/** What the management server is told of this node. */
export const nodeMetadata = (
  settings: Settings,
  host: HostFacts,
  staticRuntime: JsonObject
): { readonly metadata: JsonObject; readonly warnings: ReadonlyArray<string> } => {
  const containers = mapping(settings, "APPNET_CONTAINER_IP_MAPPING")
  const listeners = mapping(settings, "APPNET_LISTENER_PORT_MAPPING")
  return {
    metadata: present({
      "aws.appmesh.static_runtime": staticRuntime,
      "aws.appmesh.metric_filter": settings.APPMESH_METRIC_EXTENSION_VERSION === "1" ? { level: "1" } : undefined,
      "aws.appmesh.task.interfaces": nonEmpty(interfaces(host.addresses)),
      "aws.appmesh.platformInfo": present({
        systemInfo: { systemKernelVersion: host.kernelVersion, systemPlatform: host.machine },
        fipsModeEnabled: settings.APPNET_FIPS_MODE_ENABLED ? true : undefined
      }),
      "aws.ecs.serviceconnect.ClusterIPMapping": Option.getOrUndefined(containers.value),
      "aws.ecs.serviceconnect.ListenerPortMapping": Option.getOrUndefined(listeners.value),
      "aws.ecs.serviceconnect.ServiceDiscovery": nonEmpty(
        present({ NamespaceName: settings.NAMESPACE_NAME, NamespaceArn: settings.NAMESPACE_ARN })
      )
    }),
    warnings: [...containers.warnings, ...listeners.warnings]
  }
}
