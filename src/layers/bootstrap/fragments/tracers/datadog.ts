import type { Settings } from "../../../../services/Settings.ts"
import { withSource } from "../../provenance.ts"
import { collectorCluster, serviceNameOf, type TracedService, type TracingFragment, tracingConfig } from "./tracer.ts"

const clusterName = "datadog_agent"

export const datadogTracer = (settings: Settings, service: TracedService): TracingFragment => ({
  tracing: withSource(
    tracingConfig("datadog", "DatadogConfig", {
      collectorCluster: clusterName,
      serviceName: withSource(settings.DD_SERVICE ?? `envoy-${serviceNameOf(service)}`, "DD_SERVICE")
    }),
    "ENABLE_ENVOY_DATADOG_TRACING"
  ),
  cluster: collectorCluster(
    clusterName,
    withSource(settings.DATADOG_TRACER_ADDRESS, "DATADOG_TRACER_ADDRESS"),
    withSource(settings.DATADOG_TRACER_PORT, "DATADOG_TRACER_PORT"),
    "ENABLE_ENVOY_DATADOG_TRACING"
  ),
  sideFiles: []
})
