import type { SideFile } from "../../../services/Bootstrap.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import type { Resource } from "../mode/resource.ts"
import { by, type Decided, type Part, type PartObject } from "../provenance.ts"
import { clusterOf } from "./clusters.ts"

export interface TracingFragment {
  readonly tracing: Part | undefined
  /** Where the tracer sends its spans, if over a cluster. */
  readonly cluster: Part | undefined
  readonly sideFiles: ReadonlyArray<SideFile>
}

const none: TracingFragment = { tracing: undefined, cluster: undefined, sideFiles: [] }

/** What the service is called in traces. */
export interface TracedName {
  readonly resource: Resource | undefined
  readonly cluster: string
}

/** `mesh/resource`, or the node's cluster where there is no mesh. */
const serviceName = ({ cluster, resource }: TracedName): string => {
  if (resource === undefined) return cluster
  return resource._tag === "TaskSet" ? `${resource.cluster}/${resource.service}` : `${resource.mesh}/${resource.name}`
}

const tracer = (name: string, type: string, config: PartObject): PartObject => ({
  http: {
    name: `envoy.tracers.${name}`,
    typedConfig: { "@type": `type.googleapis.com/envoy.config.trace.v3.${type}`, ...config }
  }
})

interface Daemon {
  readonly address: string
  readonly port: number | undefined
}

/** Reads an address that the settings table has found right already: `IP`, `IP:port`, `[v6]:port`, `tcp:... udp:...`. */
export const daemonOf = (text: string): Daemon => {
  const parts = text.split(/\s+/)
  const udp = (parts.find((part) => part.startsWith("udp:")) ?? text).replace(/^udp:/, "")
  const endpoint = parseHostPort(udp)
  return { address: endpoint?.host ?? udp, port: endpoint?.port }
}

/** What X-Ray samples by itself: no manifest says it. */
const usualRate = 0.05

/** X-Ray counts in hundredths. */
const roundedRate = (rate: number) => Math.round(rate * 100) / 100

const manifestOf = (rate: number): string =>
  JSON.stringify({
    version: 2,
    default: { service_name: "", host: "", http_method: "", url_path: "", fixed_target: 1, rate },
    rules: []
  })

const appMeshField = (resource: Resource | undefined): PartObject | undefined => {
  switch (resource?._tag) {
    case "VirtualNode":
      return { mesh_name: resource.mesh, virtual_node_name: resource.name }
    case "VirtualGateway":
      return { mesh_name: resource.mesh, virtual_gateway_name: resource.name }
    default:
      return undefined
  }
}

const xray = (settings: Settings, name: TracedName): TracingFragment => {
  const daemon = daemonOf(settings.AWS_XRAY_DAEMON_ADDRESS ?? "127.0.0.1")
  const rate = roundedRate(settings.XRAY_SAMPLING_RATE ?? usualRate)
  const given = settings.XRAY_SAMPLING_RULE_MANIFEST
  const made: SideFile | undefined =
    given === undefined && rate !== usualRate
      ? { path: `${settings.APPNET_RUN_DIR}/sampling-rules.json`, content: manifestOf(rate) }
      : undefined
  const field = appMeshField(name.resource)
  const manifest: Decided | undefined =
    given !== undefined
      ? by({ filename: given }, "XRAY_SAMPLING_RULE_MANIFEST")
      : made && by({ filename: made.path }, "XRAY_SAMPLING_RATE", "APPNET_RUN_DIR")
  return {
    tracing: by(
      tracer("xray", "XRayConfig", {
        daemonEndpoint: {
          address: by(daemon.address, "AWS_XRAY_DAEMON_ADDRESS"),
          portValue: by(daemon.port ?? settings.XRAY_DAEMON_PORT, "AWS_XRAY_DAEMON_ADDRESS", "XRAY_DAEMON_PORT"),
          protocol: "UDP"
        },
        segmentName: by(settings.XRAY_SEGMENT_NAME ?? serviceName(name), "XRAY_SEGMENT_NAME"),
        segmentFields: field === undefined ? undefined : { origin: "AWS::AppMesh::Proxy", aws: { app_mesh: field } },
        samplingRuleManifest: manifest
      }),
      "ENABLE_ENVOY_XRAY_TRACING"
    ),
    cluster: undefined,
    sideFiles: made === undefined ? [] : [made]
  }
}

const collector = (
  name: string,
  address: Part,
  port: Part,
  enabledBy: "ENABLE_ENVOY_DATADOG_TRACING" | "ENABLE_ENVOY_JAEGER_TRACING"
) => by(clusterOf(name, { socketAddress: { address, portValue: port } }, { type: "STRICT_DNS" }), enabledBy)

const datadog = (settings: Settings, name: TracedName): TracingFragment => ({
  tracing: by(
    tracer("datadog", "DatadogConfig", {
      collectorCluster: "datadog_agent",
      serviceName: by(settings.DD_SERVICE ?? `envoy-${serviceName(name)}`, "DD_SERVICE")
    }),
    "ENABLE_ENVOY_DATADOG_TRACING"
  ),
  cluster: collector(
    "datadog_agent",
    by(settings.DATADOG_TRACER_ADDRESS, "DATADOG_TRACER_ADDRESS"),
    by(settings.DATADOG_TRACER_PORT, "DATADOG_TRACER_PORT"),
    "ENABLE_ENVOY_DATADOG_TRACING"
  ),
  sideFiles: []
})

const jaeger = (settings: Settings): TracingFragment => ({
  tracing: by(
    tracer("zipkin", "ZipkinConfig", {
      collectorCluster: "jaeger",
      collectorEndpoint: "/api/v2/spans",
      collectorEndpointVersion: by(
        settings.JAEGER_TRACER_VERSION === "json" ? "HTTP_JSON" : "HTTP_PROTO",
        "JAEGER_TRACER_VERSION"
      ),
      sharedSpanContext: false
    }),
    "ENABLE_ENVOY_JAEGER_TRACING"
  ),
  cluster: collector(
    "jaeger",
    by(settings.JAEGER_TRACER_ADDRESS, "JAEGER_TRACER_ADDRESS"),
    by(settings.JAEGER_TRACER_PORT, "JAEGER_TRACER_PORT"),
    "ENABLE_ENVOY_JAEGER_TRACING"
  ),
  sideFiles: []
})

const tracers = {
  ENABLE_ENVOY_XRAY_TRACING: xray,
  ENABLE_ENVOY_DATADOG_TRACING: datadog,
  ENABLE_ENVOY_JAEGER_TRACING: jaeger
} as const
const switches = ["ENABLE_ENVOY_XRAY_TRACING", "ENABLE_ENVOY_DATADOG_TRACING", "ENABLE_ENVOY_JAEGER_TRACING"] as const

const tracersOn = (settings: Settings) =>
  settings.ENVOY_TRACING_CFG_FILE === undefined ? switches.filter((variable) => settings[variable]) : []

/** Why the settings ask for more tracers than there can be. */
export const tracerConflict = (settings: Settings): string | undefined => {
  const on = tracersOn(settings)
  return on.length > 1
    ? `${on.join(" and ")} are on together: Envoy takes one tracer, so leave only one of them on`
    : undefined
}

/** The tracer that the settings ask for. A file of the user's own takes the place of all of them. */
export const tracingFragment = (settings: Settings, name: TracedName): TracingFragment => {
  const [variable] = tracersOn(settings)
  return variable === undefined ? none : tracers[variable](settings, name)
}
