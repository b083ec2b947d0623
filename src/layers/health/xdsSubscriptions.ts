/** What a subscription of Envoy's to a management server is about, by the name of its counters. */
export interface XdsSubscription {
  /** The type of its resources, without the scheme of a type URL. */
  readonly type: string
  /** The type in a sentence. */
  readonly kind: string
  /** The one resource that it gets; undefined where it gets all of a type. Envoy replaces some characters in these names by `_`. */
  readonly resource: string | undefined
}

const patterns: ReadonlyArray<readonly [pattern: RegExp, type: string, kind: string]> = [
  [/^listener_manager\.lds$/, "envoy.config.listener.v3.Listener", "listeners"],
  [/^cluster_manager\.cds$/, "envoy.config.cluster.v3.Cluster", "clusters"],
  [/^cluster\.(.+)$/, "envoy.config.endpoint.v3.ClusterLoadAssignment", "endpoints"],
  [/^(?:http|tcp)\..+?\.rds\.(.+)$/, "envoy.config.route.v3.RouteConfiguration", "routes"],
  [/^http\..+?\.scoped_rds\.(.+)$/, "envoy.config.route.v3.ScopedRouteConfiguration", "scoped routes"],
  [/^.*\.vhds\.(.+)$/, "envoy.config.route.v3.VirtualHost", "virtual hosts"],
  [/^sds\.(.+)$/, "envoy.extensions.transport_sockets.tls.v3.Secret", "secrets"],
  [/^extension_config_discovery\.(.+)$/, "envoy.config.core.v3.TypedExtensionConfig", "extensions"],
  [/^runtime\.(.+)$/, "envoy.service.runtime.v3.Runtime", "runtime layers"]
]

/** A subscription of another kind is named by its counters. */
export const subscriptionOf = (counters: string): XdsSubscription => {
  for (const [pattern, type, kind] of patterns) {
    const found = pattern.exec(counters)
    if (found !== null) return { type, kind, resource: found[1] }
  }
  return { type: "unknown", kind: "resources", resource: counters }
}
