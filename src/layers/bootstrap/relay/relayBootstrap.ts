import localRelayTemplate from "../../../../resources/local_relay_bootstrap.yaml"
import relayTemplate from "../../../../resources/relay_bootstrap.yaml"
import { formatHost, isIpAddress } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { ecdhCurves } from "../mode/regionEndpoints.ts"
import type { RelayUpstream } from "../mode/relayUpstream.ts"
import { formatProtoDuration } from "../protoJson.ts"
import { type PartObject, withSource } from "../provenance.ts"
import { fillTemplate } from "./template.ts"

export interface RelayOptions {
  readonly upstream: RelayUpstream
  readonly settings: Settings
  readonly caBundle: string
  readonly layeredRuntime: PartObject
}

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
  const { settings } = options
  return fillTemplate(relayTemplate, {
    ...commonValues(options),
    listener_path: withSource(settings.APPNET_RELAY_LISTENER_UDS_PATH, "APPNET_RELAY_LISTENER_UDS_PATH"),
    admin_path: withSource(settings.APPNET_ENVOY_ADMIN_UDS_PATH, "APPNET_ENVOY_ADMIN_UDS_PATH")
  })
}

/** The bootstrap of the second Envoy in App Mesh mode: the relay for the Envoy in the same container. */
export const localRelayBootstrap = (options: RelayOptions): PartObject => {
  const { settings, upstream } = options
  return fillTemplate(localRelayTemplate, {
    ...commonValues(options),
    certificate_name_type: isIpAddress(upstream.host) ? "IP_ADDRESS" : "DNS",
    listener_port: withSource(settings.APPNET_LOCAL_RELAY_LISTENER_PORT, "APPNET_LOCAL_RELAY_LISTENER_PORT"),
    admin_host: withSource(settings.APPNET_LOCAL_RELAY_ADMIN_HOST, "APPNET_LOCAL_RELAY_ADMIN_HOST"),
    admin_port: withSource(settings.APPNET_LOCAL_RELAY_ADMIN_PORT, "APPNET_LOCAL_RELAY_ADMIN_PORT")
  })
}
