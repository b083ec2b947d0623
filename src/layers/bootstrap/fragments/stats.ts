import type { Settings } from "../../../services/Settings.ts"
import type { Resource } from "../mode/resource.ts"
import { inSeconds } from "../protoJson.ts"
import { by, type Part, type PartObject } from "../provenance.ts"

const fixed = (tagName: string, fixedValue: string): PartObject => ({ tagName, fixedValue })
const pattern = (tagName: string, regex: string): PartObject => ({ tagName, regex })

/** The metrics extension names its stats `appmesh.NAME.value.NAME.value...rest`. */
const extension = (tagName: string, value = ".+?"): PartObject =>
  pattern(tagName, `^appmesh(?:\\..+?\\..+?)*(\\.${tagName}\\.(${value}))(?:\\..+?\\..+?)*\\.(?:.+)$`)

/** A discovery name has dots of its own, and ends where the next name begins. */
const discoveryName = "(?:(?!\\.(ClusterName|ServiceName|Direction)).)+"

const taskSetExtension = [
  extension("ServiceName"),
  extension("ClusterName"),
  extension("Direction"),
  extension("DiscoveryName", discoveryName),
  extension("TargetDiscoveryName", discoveryName)
]

const meshExtension = [extension("TargetVirtualNode"), extension("TargetVirtualService", "[^MVT]+")]

/** App Mesh names a virtual node's stats `...ingress.PROTOCOL.PORT.rds.CONFIG...`. */
const ingressTags = [
  pattern("appmesh.listener_protocol", ".*?\\.ingress\\.((\\w+?)\\.)[0-9]+?\\.(.+?)$"),
  pattern("appmesh.listener_port", ".*?\\.ingress\\.\\w+?\\.(([0-9]+?)\\.)(.+?)$"),
  pattern("envoy_rds_route_config", ".*?\\.ingress\\.\\w+?\\.[0-9]+?\\.rds\\.((.*?)\\.)(.+?)$")
]

const ownTags = {
  VirtualNode: ["appmesh.virtual_node", "VirtualNode"],
  VirtualGateway: ["appmesh.virtual_gateway", "VirtualGateway"]
} as const

const tags = (settings: Settings, resource: Resource): ReadonlyArray<Part> => {
  const extended = (parts: ReadonlyArray<Part>) =>
    settings.APPMESH_METRIC_EXTENSION_VERSION === "1"
      ? parts.map((part) => by(part, "APPMESH_METRIC_EXTENSION_VERSION"))
      : []
  if (resource._tag === "TaskSet") return extended(taskSetExtension)
  const [plainTag, extensionTag] = ownTags[resource._tag]
  const plain = [fixed("appmesh.mesh", resource.mesh), fixed(plainTag, resource.name)]
  return [
    ...(settings.ENABLE_ENVOY_STATS_TAGS ? plain.map((part) => by(part, "ENABLE_ENVOY_STATS_TAGS")) : []),
    ...extended([...meshExtension, fixed("Mesh", resource.mesh), fixed(extensionTag, resource.name)]),
    ...ingressTags
  ]
}

/** Tags of the stats, and how often they go to the sinks. A file of the user's own takes the place of the tags. */
export const statsFragment = (settings: Settings, resource: Resource | undefined): PartObject => {
  const statsTags =
    resource === undefined || settings.ENVOY_STATS_CONFIG_FILE !== undefined ? [] : tags(settings, resource)
  const interval = settings.ENVOY_STATS_FLUSH_INTERVAL
  return {
    statsConfig: statsTags.length > 0 ? { statsTags } : undefined,
    statsFlushInterval: interval === undefined ? undefined : by(inSeconds(interval), "ENVOY_STATS_FLUSH_INTERVAL")
  }
}
