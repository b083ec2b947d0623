import localRelayTemplate from "../../../../resources/local_relay_bootstrap.yaml"
import relayTemplate from "../../../../resources/relay_bootstrap.yaml"
import { formatHost, isIpAddress } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { curvesOf } from "../mode/awsEndpoints.ts"
import type { RelayUpstream } from "../mode/relayUpstream.ts"
import { inSeconds } from "../protoJson.ts"
import { by, type PartObject } from "../provenance.ts"
import { filled } from "./template.ts"

/** What both kinds of relay have in common. */
const values = (
  upstream: RelayUpstream,
  settings: Settings,
  caBundle: string,
  layeredRuntime: PartObject
): PartObject => ({
  buffer_limit: by(settings.RELAY_BUFFER_LIMIT_BYTES, "RELAY_BUFFER_LIMIT_BYTES"),
  stream_idle_timeout: by(inSeconds(settings.RELAY_STREAM_IDLE_TIMEOUT), "RELAY_STREAM_IDLE_TIMEOUT"),
  signing_name: by(upstream.signingName, "APPMESH_SIGNING_NAME"),
  region: by(upstream.region, "AWS_REGION"),
  management_host: by(upstream.host, ...upstream.decidedBy),
  // As it stands in a host header.
  management_authority: by(formatHost(upstream.host), ...upstream.decidedBy),
  management_port: by(upstream.port, ...upstream.decidedBy),
  curves: curvesOf(upstream.region),
  trusted_roots: by(caBundle, "APPNET_CA_BUNDLE"),
  layered_runtime: layeredRuntime
})

/** The bootstrap of the relay that carries the xDS streams of a whole host. */
export const relayBootstrap = (
  upstream: RelayUpstream,
  settings: Settings,
  caBundle: string,
  layeredRuntime: PartObject
): PartObject =>
  filled(relayTemplate, {
    ...values(upstream, settings, caBundle, layeredRuntime),
    listener_path: by(settings.APPNET_RELAY_LISTENER_UDS_PATH, "APPNET_RELAY_LISTENER_UDS_PATH"),
    admin_path: by(settings.APPNET_ENVOY_ADMIN_UDS_PATH, "APPNET_ENVOY_ADMIN_UDS_PATH")
  })

/** The bootstrap of the second Envoy of App Mesh mode. */
export const localRelayBootstrap = (
  upstream: RelayUpstream,
  settings: Settings,
  caBundle: string,
  layeredRuntime: PartObject
): PartObject =>
  filled(localRelayTemplate, {
    ...values(upstream, settings, caBundle, layeredRuntime),
    certificate_name_type: isIpAddress(upstream.host) ? "IP_ADDRESS" : "DNS",
    listener_port: by(settings.APPNET_LOCAL_RELAY_LISTENER_PORT, "APPNET_LOCAL_RELAY_LISTENER_PORT"),
    admin_host: by(settings.APPNET_LOCAL_RELAY_ADMIN_HOST, "APPNET_LOCAL_RELAY_ADMIN_HOST"),
    admin_port: by(settings.APPNET_LOCAL_RELAY_ADMIN_PORT, "APPNET_LOCAL_RELAY_ADMIN_PORT")
  })
