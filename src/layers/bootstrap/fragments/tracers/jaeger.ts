import type { Settings } from "../../../../services/Settings.ts"
import { withSource } from "../../provenance.ts"
import { collectorCluster, type TracingFragment, tracingConfig } from "./tracer.ts"

const clusterName = "jaeger"

/** Jaeger accepts spans in Zipkin's format, for which Envoy has a tracer. */
export const jaegerTracer = (settings: Settings): TracingFragment => ({
  tracing: withSource(
    tracingConfig("zipkin", "ZipkinConfig", {
      collectorCluster: clusterName,
      collectorEndpoint: "/api/v2/spans",
      collectorEndpointVersion: withSource(
        settings.JAEGER_TRACER_VERSION === "json" ? "HTTP_JSON" : "HTTP_PROTO",
        "JAEGER_TRACER_VERSION"
      ),
      sharedSpanContext: false
    }),
    "ENABLE_ENVOY_JAEGER_TRACING"
  ),
  cluster: collectorCluster(
    clusterName,
    withSource(settings.JAEGER_TRACER_ADDRESS, "JAEGER_TRACER_ADDRESS"),
    withSource(settings.JAEGER_TRACER_PORT, "JAEGER_TRACER_PORT"),
    "ENABLE_ENVOY_JAEGER_TRACING"
  ),
  sideFiles: []
})
