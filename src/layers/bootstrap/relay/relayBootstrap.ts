import { Option } from "effect"
import localRelayTemplate from "../../../../resources/local_relay_bootstrap.yaml"
import relayTemplate from "../../../../resources/relay_bootstrap.yaml"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import { formatHost, isIpAddress } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { ecdhCurves } from "../mode/regionEndpoints.ts"
import type { RelayUpstream } from "../mode/relayUpstream.ts"
import { formatProtoDuration } from "../protoJson.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"
import { fillTemplate } from "./template.ts"

export interface RelayOptions {
  readonly version: Option.Option<EnvoyVersion>
  readonly upstream: RelayUpstream
  readonly settings: Settings
  readonly caBundle: string
  readonly layeredRuntime: PartObject
}

/** The headers that Envoy and load balancers of AWS add or change, and none of the signature's own `x-amz-*`. */
const listedHeaders: Part = [
  { exact: "te" },
  { prefix: "x-envoy-" },
  { prefix: "x-forwarded-" },
  { prefix: "x-b3-" },
  { exact: "x-request-id" },
  { exact: "x-amzn-trace-id" }
]

/**
 * As recorded. From 1.37 on, Envoy signs its own `x-amz-*` headers all the same. Before, it would leave them out, and AWS
 * refuses a signature without them.
 */
const recordedHeaders: Part = [{ exact: "te" }, { prefix: "x" }]

const leavesOutOwnHeaders = ({ major, minor }: EnvoyVersion) => major === 1 && minor < 37

/** The values of both templates. */
const commonValues = ({ caBundle, layeredRuntime, settings, upstream }: RelayOptions): PartObject => ({
  buffer_limit: withSource(settings.RELAY_BUFFER_LIMIT_BYTES, "RELAY_BUFFER_LIMIT_BYTES"),
  stream_idle_timeout: withSource(formatProtoDuration(settings.RELAY_STREAM_IDLE_TIMEOUT), "RELAY_STREAM_IDLE_TIMEOUT"),
  signing_name: withSource(upstream.signingName, "APPMESH_SIGNING_NAME"),
  region: withSource(upstream.region, "AWS_REGION"),
  management_host: withSource(upstream.host, ...upstream.variables),
  management_authority: withSource(formatHost(upstream.host), ...upstream.variables),
  management_port: withSource(upstream.port, ...upstream.variables),
  curves: ecdhCurves(upstream.region),
  trusted_roots: withSource(caBundle, "APPNET_CA_BUNDLE"),
  layered_runtime: layeredRuntime
})

/** The bootstrap in relay mode: the relay for all Envoys of a host. */
export const relayBootstrap = (options: RelayOptions): PartObject => {
  const { settings, version } = options
  return fillTemplate(relayTemplate, {
    ...commonValues(options),
    unsigned_headers: Option.exists(version, leavesOutOwnHeaders) ? listedHeaders : recordedHeaders,
    listener_path: withSource(settings.APPNET_RELAY_LISTENER_UDS_PATH, "APPNET_RELAY_LISTENER_UDS_PATH"),
    admin_path: withSource(settings.APPNET_ENVOY_ADMIN_UDS_PATH, "APPNET_ENVOY_ADMIN_UDS_PATH")
  })
}

/** The bootstrap of the second Envoy in App Mesh mode: the relay for the Envoy in the same container. */
export const localRelayBootstrap = (options: RelayOptions): PartObject => {
  const { settings, upstream } = options
  return fillTemplate(localRelayTemplate, {
    ...commonValues(options),
    unsigned_headers: listedHeaders,
    certificate_name_type: isIpAddress(upstream.host) ? "IP_ADDRESS" : "DNS",
    listener_port: withSource(settings.APPNET_LOCAL_RELAY_LISTENER_PORT, "APPNET_LOCAL_RELAY_LISTENER_PORT"),
    admin_host: withSource(settings.APPNET_LOCAL_RELAY_ADMIN_HOST, "APPNET_LOCAL_RELAY_ADMIN_HOST"),
    admin_port: withSource(settings.APPNET_LOCAL_RELAY_ADMIN_PORT, "APPNET_LOCAL_RELAY_ADMIN_PORT")
  })
}
