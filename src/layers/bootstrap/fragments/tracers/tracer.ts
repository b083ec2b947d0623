import type { SideFile } from "../../../../services/Bootstrap.ts"
import type { MeshResource } from "../../mode/meshResource.ts"
import { type Part, type PartObject, withSource } from "../../provenance.ts"
import { oneEndpointCluster } from "../clusters.ts"

export interface TracingFragment {
  readonly tracing: Part | undefined
  /** The cluster to which the tracer sends its spans; X-Ray needs none. */
  readonly cluster: Part | undefined
  readonly sideFiles: ReadonlyArray<SideFile>
}

/** What a service is named after in traces. */
export interface TracedService {
  /** Undefined in standalone mode. */
  readonly resource: MeshResource | undefined
  readonly nodeCluster: string
}

/** `mesh/resource` or `cluster/service`; in standalone mode, the node cluster. */
export const serviceNameOf = ({ nodeCluster, resource }: TracedService): string => {
  if (resource === undefined) return nodeCluster
  switch (resource._tag) {
    case "TaskSet":
      return `${resource.cluster}/${resource.service}`
    case "Other":
      return resource.name
    default:
      return `${resource.mesh}/${resource.name}`
  }
}

/** Envoy's tracing configuration with a tracer by its extension name and config type. */
export const tracingConfig = (name: string, type: string, config: PartObject): PartObject => ({
  http: {
    name: `envoy.tracers.${name}`,
    typedConfig: { "@type": `type.googleapis.com/envoy.config.trace.v3.${type}`, ...config }
  }
})

/** The cluster of a trace collector. */
export const collectorCluster = (
  name: string,
  address: Part,
  port: Part,
  variable: "ENABLE_ENVOY_DATADOG_TRACING" | "ENABLE_ENVOY_JAEGER_TRACING"
) =>
  withSource(
    oneEndpointCluster(name, { socketAddress: { address, portValue: port } }, { type: "STRICT_DNS" }),
    variable
  )
