import type { JsonObject } from "../../services/Bootstrap.ts"
import type { Settings } from "../../services/Settings.ts"
import type { Resource } from "./resource.ts"

const fixed = (tagName: string, fixedValue: string): JsonObject => ({ tagName, fixedValue })
const pattern = (tagName: string, regex: string): JsonObject => ({ tagName, regex })

/** The metrics extension names its stats `appmesh.NAME.value.NAME.value...rest`. */
const extension = (tagName: string, value = ".+?"): JsonObject =>
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

const tags = (settings: Settings, resource: Resource): ReadonlyArray<JsonObject> => {
  const extended = settings.APPMESH_METRIC_EXTENSION_VERSION === "1"
  if (resource._tag === "TaskSet") return extended ? taskSetExtension : []
  const [plainTag, extensionTag] = ownTags[resource._tag]
  return [
    ...(settings.ENABLE_ENVOY_STATS_TAGS ? [fixed("appmesh.mesh", resource.mesh), fixed(plainTag, resource.name)] : []),
    ...(extended ? [...meshExtension, fixed("Mesh", resource.mesh), fixed(extensionTag, resource.name)] : []),
    ...ingressTags
  ]
}

/** proto3 JSON's durations: seconds, with up to nine decimals. */
const inSeconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(9).replace(/\.?0+$/, "")}s`

/** Tags of the stats, and how often they go to the sinks. */
export const statsFragment = (settings: Settings, resource: Resource): JsonObject => {
  const statsTags = tags(settings, resource)
  const interval = settings.ENVOY_STATS_FLUSH_INTERVAL
  return {
    ...(statsTags.length > 0 ? { statsConfig: { statsTags } } : {}),
    ...(interval === undefined ? {} : { statsFlushInterval: inSeconds(interval) })
  }
}
