import { addressOf, field, list, milliseconds, text } from "./json.ts"
import type { ClusterResource, ListenerResource } from "./resources.ts"

/** What matters of a bootstrap. */
export interface BootstrapFacts {
  /** Undefined where it has no admin. */
  readonly admin: string | undefined
  readonly listeners: ReadonlyArray<ListenerResource>
  readonly clusters: ReadonlyArray<ClusterResource>
  readonly ads: AdsFacts | undefined
}

export interface AdsFacts {
  readonly usesLds: boolean
  readonly usesCds: boolean
  /** Milliseconds; 0 waits for ever. */
  readonly ldsTimeout: number
  readonly cdsTimeout: number
  readonly statPrefix: string
  /** Milliseconds between attempts of the gRPC channel to connect: the first, and the longest. */
  readonly firstReconnect: number
  readonly longestReconnect: number
  /** Milliseconds after which a connection on which nothing comes through is given up; undefined where never. */
  readonly keepAlive: number | undefined
}

/** Envoy's own, where a source has none. */
const defaultFetchTimeout = 15_000

const typeOf = (filter: unknown) => text(field(filter, "typedConfig", "@type")) ?? ""

export const readListener = (listener: unknown): ListenerResource => {
  const chains = [...list(field(listener, "filterChains")), field(listener, "defaultFilterChain")]
  const filters = chains.flatMap((chain) => list(field(chain, "filters")))
  const http = filters.find((filter) => typeOf(filter).endsWith(".HttpConnectionManager"))
  const config = field(http ?? filters[0], "typedConfig")
  const direction = field(listener, "trafficDirection")
  const routes = text(field(config, "rds", "routeConfigName"))
  const address = addressOf(field(listener, "address")) ?? ""
  return {
    name: text(field(listener, "name")) ?? address,
    address,
    protocol: http === undefined ? "tcp" : "http",
    statPrefix: text(field(config, "statPrefix")) ?? "",
    ...(direction === "INBOUND" || direction === "OUTBOUND" ? { direction } : {}),
    ...(routes === undefined
      ? {}
      : {
          routes,
          routesTimeout:
            milliseconds(field(config, "rds", "configSource", "initialFetchTimeout")) ?? defaultFetchTimeout
        })
  }
}

export const readCluster = (cluster: unknown): ClusterResource => {
  const localities = list(field(cluster, "loadAssignment", "endpoints"))
  const endpoints = localities.flatMap((locality) => list(field(locality, "lbEndpoints"))).length
  const endpointsTimeout = milliseconds(field(cluster, "edsClusterConfig", "edsConfig", "initialFetchTimeout"))
  return {
    ...(endpointsTimeout === undefined ? {} : { endpointsTimeout }),
    name: text(field(cluster, "name")) ?? "",
    type: `${field(cluster, "type")}`.toUpperCase() === "EDS" ? "EDS" : "STATIC",
    endpoints
  }
}

const readAds = (resources: unknown): AdsFacts | undefined => {
  if (field(resources, "adsConfig") === undefined) return undefined
  const [service] = list(field(resources, "adsConfig", "grpcServices"))
  const args = field(service, "googleGrpc", "channelArgs", "args")
  const channel = (name: string, otherwise: number) => Number(field(args, name, "intValue") ?? otherwise)
  const timeout = (source: string) =>
    milliseconds(field(resources, source, "initialFetchTimeout")) ?? defaultFetchTimeout
  return {
    usesLds: field(resources, "ldsConfig") !== undefined,
    usesCds: field(resources, "cdsConfig") !== undefined,
    ldsTimeout: timeout("ldsConfig"),
    cdsTimeout: timeout("cdsConfig"),
    statPrefix: text(field(service, "googleGrpc", "statPrefix")) ?? "ads",
    firstReconnect: channel("grpc.initial_reconnect_backoff_ms", 1000),
    longestReconnect: channel("grpc.max_reconnect_backoff_ms", 120_000),
    keepAlive:
      field(args, "grpc.keepalive_time_ms") === undefined
        ? undefined
        : channel("grpc.keepalive_time_ms", 0) + channel("grpc.keepalive_timeout_ms", 20_000)
  }
}

export const readBootstrap = (bootstrap: unknown): BootstrapFacts => ({
  admin: addressOf(field(bootstrap, "admin", "address")),
  listeners: list(field(bootstrap, "staticResources", "listeners")).map(readListener),
  clusters: list(field(bootstrap, "staticResources", "clusters")).map(readCluster),
  ads: readAds(field(bootstrap, "dynamicResources"))
})
