import type { SideFile } from "../../../../services/Bootstrap.ts"
import { parseHostPort } from "../../../../services/hostPort.ts"
import type { Settings } from "../../../../services/Settings.ts"
import type { MeshResource } from "../../mode/meshResource.ts"
import { type PartObject, type Sourced, withSource } from "../../provenance.ts"
import { serviceNameOf, type TracedService, type TracingFragment, tracingConfig } from "./tracer.ts"

interface DaemonAddress {
  readonly address: string
  /** Undefined if `XRAY_DAEMON_PORT` determines it. */
  readonly port: number | undefined
}

/**
 * Reads `IP`, `IP:port`, `[v6]:port` or `tcp:... udp:...`, which the settings table has validated. Envoy sends spans
 * over UDP only.
 */
const parseDaemonAddress = (text: string): DaemonAddress => {
  const parts = text.split(/\s+/)
  const udp = (parts.find((part) => part.startsWith("udp:")) ?? text).replace(/^udp:/, "")
  const endpoint = parseHostPort(udp)
  return { address: endpoint?.host ?? udp, port: endpoint?.port }
}

/** The rate at which Envoy samples without a manifest. */
const defaultSamplingRate = 0.05

/** Two decimals, as X-Ray counts. */
const roundRate = (rate: number) => Math.round(rate * 100) / 100

/** A sampling manifest with one rule: every request at this rate. */
const manifestFor = (rate: number): string =>
  JSON.stringify({
    version: 2,
    default: { service_name: "", host: "", http_method: "", url_path: "", fixed_target: 1, rate },
    rules: []
  })

interface Sampling {
  /** Undefined if Envoy samples at its default rate. */
  readonly manifest: Sourced | undefined
  /** The manifest that the agent writes for `XRAY_SAMPLING_RATE`. */
  readonly sideFiles: ReadonlyArray<SideFile>
}

/** The user's own manifest, else one that is made for the sampling rate. */
const samplingOf = (settings: Settings): Sampling => {
  const ownManifest = settings.XRAY_SAMPLING_RULE_MANIFEST
  if (ownManifest !== undefined) {
    return { manifest: withSource({ filename: ownManifest }, "XRAY_SAMPLING_RULE_MANIFEST"), sideFiles: [] }
  }
  const rate = roundRate(settings.XRAY_SAMPLING_RATE ?? defaultSamplingRate)
  if (rate === defaultSamplingRate) return { manifest: undefined, sideFiles: [] }
  const path = `${settings.APPNET_RUN_DIR}/sampling-rules.json`
  return {
    manifest: withSource({ filename: path }, "XRAY_SAMPLING_RATE", "APPNET_RUN_DIR"),
    sideFiles: [{ path, content: manifestFor(rate) }]
  }
}

/**
 * The part of each segment by which X-Ray shows the node or gateway of App Mesh. The daemon knows no other name for a
 * gateway than that of a node. A task set has no such part.
 */
const segmentFields = (resource: MeshResource | undefined): PartObject | undefined =>
  resource?._tag === "VirtualNode" || resource?._tag === "VirtualGateway"
    ? {
        origin: "AWS::AppMesh::Proxy",
        aws: { app_mesh: { mesh_name: resource.mesh, virtual_node_name: resource.name } }
      }
    : undefined

export const xrayTracer = (settings: Settings, service: TracedService): TracingFragment => {
  const daemon = parseDaemonAddress(settings.AWS_XRAY_DAEMON_ADDRESS ?? "127.0.0.1")
  const { manifest, sideFiles } = samplingOf(settings)
  return {
    tracing: withSource(
      tracingConfig("xray", "XRayConfig", {
        daemonEndpoint: {
          address: withSource(daemon.address, "AWS_XRAY_DAEMON_ADDRESS"),
          portValue: withSource(
            daemon.port ?? settings.XRAY_DAEMON_PORT,
            "AWS_XRAY_DAEMON_ADDRESS",
            "XRAY_DAEMON_PORT"
          ),
          protocol: "UDP"
        },
        segmentName: withSource(settings.XRAY_SEGMENT_NAME ?? serviceNameOf(service), "XRAY_SEGMENT_NAME"),
        segmentFields: segmentFields(service.resource),
        samplingRuleManifest: manifest
      }),
      "ENABLE_ENVOY_XRAY_TRACING"
    ),
    cluster: undefined,
    sideFiles
  }
}
