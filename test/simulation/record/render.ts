// Writes resources of the model as configuration of a real Envoy.
import type { Resource } from "../../../demo/ControlPlane.ts"
import type { Json } from "../../../demo/protobuf.ts"
import type {
  ClusterResource,
  EndpointsResource,
  ListenerResource,
  Resources,
  RoutesResource
} from "../envoy/resources.ts"

export type PortOf = (madeUp: number) => number

const type = (name: string) => `type.googleapis.com/envoy.${name}`

const address = (text: string, portOf: PortOf): Json => {
  const at = text.lastIndexOf(":")
  return { socketAddress: { address: text.slice(0, at), portValue: portOf(Number(text.slice(at + 1))) } }
}

const direct: Json = { directResponse: { status: 200, body: { inlineString: "x" } } }
const virtualHosts = (action: Json): Json => [
  { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...(typeof action === "object" ? action : {}) }] }
]

const httpFilter = ({ routes, routesTimeout, statPrefix }: ListenerResource, action: Json): Json => ({
  name: "envoy.filters.network.http_connection_manager",
  typedConfig: {
    "@type": type("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
    statPrefix,
    upgradeConfigs: [{ upgradeType: "websocket" }],
    httpFilters: [
      { name: "envoy.filters.http.router", typedConfig: { "@type": type("extensions.filters.http.router.v3.Router") } }
    ],
    ...(routes === undefined
      ? { routeConfig: { virtualHosts: virtualHosts(action) } }
      : {
          rds: {
            routeConfigName: routes,
            configSource: {
              ads: {},
              resourceApiVersion: "V3",
              ...(routesTimeout === undefined ? {} : { initialFetchTimeout: `${routesTimeout / 1000}s` })
            }
          }
        })
  }
})

const tcpFilter = ({ statPrefix }: ListenerResource): Json => ({
  name: "envoy.filters.network.tcp_proxy",
  typedConfig: { "@type": type("extensions.filters.network.tcp_proxy.v3.TcpProxy"), statPrefix, cluster: "upstream" }
})

/** How a resource is broken so that Envoy says the words of its `problem`. */
const brokenFilter = (problem: string): Json | undefined => {
  if (problem.includes("unknown type") || problem.includes("Didn't find")) {
    const fields = { "@type": "type.googleapis.com/acme.v1.Unknown", value: "" }
    return { name: "acme.unknown", typedConfig: fields }
  }
  return undefined
}

export const renderListener = (resource: ListenerResource, portOf: PortOf, upstream: boolean): Resource => {
  const action: Json = upstream ? { route: { cluster: "upstream", timeout: "0s" } } : direct
  const broken = resource.problem === undefined ? undefined : brokenFilter(resource.problem)
  const filter = broken ?? (resource.protocol === "http" ? httpFilter(resource, action) : tcpFilter(resource))
  const lacksChains = resource.problem?.includes("no filter chains") === true
  return {
    name: resource.name,
    address: address(resource.address, portOf),
    filterChains: lacksChains ? [] : [{ filters: [filter] }],
    enableReusePort: false,
    ...(resource.direction === undefined ? {} : { trafficDirection: resource.direction }),
    ...(resource.revision === undefined ? {} : { perConnectionBufferLimitBytes: 100_000 + resource.revision })
  }
}

export const renderCluster = (resource: ClusterResource, portOf: PortOf): Resource => {
  const common = { name: resource.name, connectTimeout: `${1 + (resource.revision ?? 0)}s` }
  if (resource.problem !== undefined) return { ...common, type: "EDS" }
  if (resource.type === "EDS") {
    const { endpointsTimeout } = resource
    const timeout = endpointsTimeout === undefined ? {} : { initialFetchTimeout: `${endpointsTimeout / 1000}s` }
    return {
      ...common,
      type: "EDS",
      edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: "V3", ...timeout } }
    }
  }
  return {
    ...common,
    type: "STATIC",
    loadAssignment: renderEndpoints({ cluster: resource.name, endpoints: resource.endpoints ?? 1 }, portOf)
  }
}

/** The port of the upstream in every scenario. */
export const upstreamPort = 10_099

const renderEndpoints = ({ cluster, endpoints, problem }: EndpointsResource, portOf: PortOf): Resource => ({
  clusterName: cluster,
  endpoints: [
    {
      ...(problem === undefined ? {} : { priority: 200 }),
      lbEndpoints: Array.from({ length: endpoints }, (_, i) => ({
        endpoint: { address: { socketAddress: { address: `127.0.0.${i + 1}`, portValue: portOf(upstreamPort) } } }
      }))
    }
  ]
})

const renderRoutes = ({ name, problem }: RoutesResource): Resource => ({
  name,
  virtualHosts:
    problem === undefined
      ? virtualHosts(direct)
      : [
          { name: "a", domains: ["*"], routes: [] },
          { name: "b", domains: ["*"], routes: [] }
        ]
})

export const renderResources = (resources: Resources, portOf: PortOf, upstream: boolean) => ({
  listeners: (resources.listeners ?? []).map((one) => renderListener(one, portOf, upstream)),
  clusters: (resources.clusters ?? []).map((one) => renderCluster(one, portOf)),
  endpoints: (resources.endpoints ?? []).map((one) => renderEndpoints(one, portOf)),
  routes: (resources.routes ?? []).map(renderRoutes)
})
