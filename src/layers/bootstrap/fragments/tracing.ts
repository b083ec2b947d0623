import { TracerConflict } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { datadogTracer } from "./tracers/datadog.ts"
import { jaegerTracer } from "./tracers/jaeger.ts"
import type { TracedService, TracingFragment } from "./tracers/tracer.ts"
import { xrayTracer } from "./tracers/xray.ts"

const tracers = {
  ENABLE_ENVOY_XRAY_TRACING: xrayTracer,
  ENABLE_ENVOY_DATADOG_TRACING: datadogTracer,
  ENABLE_ENVOY_JAEGER_TRACING: jaegerTracer
} as const

const switches = ["ENABLE_ENVOY_XRAY_TRACING", "ENABLE_ENVOY_DATADOG_TRACING", "ENABLE_ENVOY_JAEGER_TRACING"] as const

/** The variables of the tracers that are on. A tracing file of the user's own replaces all of them. */
const enabledTracers = (settings: Settings) =>
  settings.ENVOY_TRACING_CFG_FILE === undefined ? switches.filter((variable) => settings[variable]) : []

/** Envoy takes one tracer only. */
export const tracerConflict = (settings: Settings): TracerConflict | undefined => {
  const variables = enabledTracers(settings)
  return variables.length > 1 ? new TracerConflict({ variables }) : undefined
}

const noTracing: TracingFragment = { tracing: undefined, cluster: undefined, sideFiles: [] }

/** The tracer that the settings turn on. */
export const tracingFragment = (settings: Settings, service: TracedService): TracingFragment => {
  const [variable] = enabledTracers(settings)
  return variable === undefined ? noTracing : tracers[variable](settings, service)
}
