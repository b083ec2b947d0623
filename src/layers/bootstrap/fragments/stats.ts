import type { Settings } from "../../../services/Settings.ts"
import type { MeshResource } from "../mode/meshResource.ts"
import { formatProtoDuration } from "../protoJson.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"

const fixedTag = (tagName: string, fixedValue: string): PartObject => ({ tagName, fixedValue })
const patternTag = (tagName: string, regex: string): PartObject => ({ tagName, regex })

/** A tag of the metrics extension, whose stats are named `appmesh.TAG.VALUE.TAG.VALUE...REST`. */
const extensionTag = (tagName: string, valuePattern = ".+?"): PartObject =>
  patternTag(tagName, `^appmesh(?:\\..+?\\..+?)*(\\.${tagName}\\.(${valuePattern}))(?:\\..+?\\..+?)*\\.(?:.+)$`)

/** A discovery name may contain dots. It ends where the next tag begins. */
const discoveryName = "(?:(?!\\.(ClusterName|ServiceName|Direction)).)+"

const taskSetExtensionTags = [
  extensionTag("ServiceName"),
  extensionTag("ClusterName"),
  extensionTag("Direction"),
  extensionTag("DiscoveryName", discoveryName),
  extensionTag("TargetDiscoveryName", discoveryName)
]

const meshExtensionTags = [extensionTag("TargetVirtualNode"), extensionTag("TargetVirtualService", "[^MVT]+")]

/** App Mesh names the stats of a listener `...ingress.PROTOCOL.PORT.rds.CONFIG...`. */
const ingressTags = [
  patternTag("appmesh.listener_protocol", ".*?\\.ingress\\.((\\w+?)\\.)[0-9]+?\\.(.+?)$"),
  patternTag("appmesh.listener_port", ".*?\\.ingress\\.\\w+?\\.(([0-9]+?)\\.)(.+?)$"),
  patternTag("envoy_rds_route_config", ".*?\\.ingress\\.\\w+?\\.[0-9]+?\\.rds\\.((.*?)\\.)(.+?)$")
]

/** The tag names of a resource: the plain one and that of the metrics extension. */
const resourceTagNames = {
  VirtualNode: ["appmesh.virtual_node", "VirtualNode"],
  VirtualGateway: ["appmesh.virtual_gateway", "VirtualGateway"]
} as const

const statsTagsOf = (settings: Settings, resource: MeshResource): ReadonlyArray<Part> => {
  const ifExtensionOn = (tags: ReadonlyArray<Part>) =>
    settings.APPMESH_METRIC_EXTENSION_VERSION === "1"
      ? tags.map((tag) => withSource(tag, "APPMESH_METRIC_EXTENSION_VERSION"))
      : []
  if (resource._tag === "TaskSet" || resource._tag === "Other") return ifExtensionOn(taskSetExtensionTags)
  const [plainName, extensionName] = resourceTagNames[resource._tag]
  const plainTags = [fixedTag("appmesh.mesh", resource.mesh), fixedTag(plainName, resource.name)]
  return [
    ...(settings.ENABLE_ENVOY_STATS_TAGS ? plainTags.map((tag) => withSource(tag, "ENABLE_ENVOY_STATS_TAGS")) : []),
    ...ifExtensionOn([...meshExtensionTags, fixedTag("Mesh", resource.mesh), fixedTag(extensionName, resource.name)]),
    ...ingressTags
  ]
}

/** The tags of the stats, and the interval of flushes to the sinks. A file of the user's own replaces the tags. */
export const statsFragment = (settings: Settings, resource: MeshResource | undefined): PartObject => {
  const statsTags =
    resource === undefined || settings.ENVOY_STATS_CONFIG_FILE !== undefined ? [] : statsTagsOf(settings, resource)
  const interval = settings.ENVOY_STATS_FLUSH_INTERVAL
  return {
    statsConfig: statsTags.length > 0 ? { statsTags } : undefined,
    statsFlushInterval:
      interval === undefined ? undefined : withSource(formatProtoDuration(interval), "ENVOY_STATS_FLUSH_INTERVAL")
  }
}
