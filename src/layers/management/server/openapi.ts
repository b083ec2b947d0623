import { Schema } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import { DrainQuery, LoggingQuery, StatsQuery, StatusBody } from "../../../services/ManagementApi.ts"

// Loaded when it is asked for: a description costs more to make than all answers together.

const text = (status: number, description: string) =>
  Schema.String.annotate({ description }).pipe(HttpApiSchema.status(status), HttpApiSchema.asText())

const wrong = text(400, "A parameter that is not known, of another value or given twice, or a body")
const unauthorized = text(401, "The token is missing or wrong (APPNET_AGENT_ADMIN_TOKEN)")
const forbidden = text(403, "From another site's page, or by a host name that is not allowed")
const tooMany = text(429, "More than 10 requests a second; Retry-After says when to come back")
const noEnvoy = text(502, "Envoy does not answer, or answers an error")

const describe = OpenApi.annotations

const probes = HttpApiGroup.make("health").add(
  HttpApiEndpoint.get("status", "/status", { success: StatusBody, error: [wrong] }).annotateMerge(
    describe({ summary: "What the agent knows of Envoy" })
  ),
  HttpApiEndpoint.get("ready", "/ready", {
    success: text(200, "Envoy is HEALTHY"),
    error: [wrong, text(503, "Envoy is not HEALTHY, and why")]
  }).annotateMerge(describe({ summary: "Readiness probe" })),
  HttpApiEndpoint.get("live", "/live", { success: text(200, "The agent works"), error: [wrong] }).annotateMerge(
    describe({ summary: "Liveness probe" })
  )
)

const control = HttpApiGroup.make("control").add(
  HttpApiEndpoint.post("drainListeners", "/drain_listeners", {
    query: DrainQuery,
    success: text(200, "Envoy's answer"),
    error: [wrong, unauthorized, forbidden, tooMany, noEnvoy]
  }).annotateMerge(describe({ summary: "Drain Envoy's inbound listeners" })),
  HttpApiEndpoint.post("enableLogging", "/enableLogging", {
    query: LoggingQuery,
    success: [text(200, "From which level to which"), HttpApiSchema.Empty(304)],
    error: [wrong, unauthorized, forbidden, tooMany, noEnvoy]
  }).annotateMerge(
    describe({
      summary: "Set the level of all of Envoy's loggers",
      description: "Reset after APPNET_AGENT_LOGGING_RESET_TIMEOUT seconds. 304 where the level is in force already."
    })
  )
)

const stats = HttpApiGroup.make("stats").add(
  HttpApiEndpoint.get("prometheus", "/stats/prometheus", {
    query: StatsQuery,
    success: text(200, "Prometheus text"),
    error: [wrong, tooMany, noEnvoy]
  }).annotateMerge(describe({ summary: "Envoy's stats as Prometheus text" }))
)

const itself = HttpApiGroup.make("description").add(
  HttpApiEndpoint.get("openapi", "/openapi.json", {
    success: Schema.Record(Schema.String, Schema.Unknown),
    error: [wrong, tooMany]
  }).annotateMerge(describe({ summary: "This description" }))
)

/** The management API. */
export const ManagementApi = HttpApi.make("appnet-agent")
  .add(probes, control, stats, itself)
  .annotateMerge(
    describe({ title: "appnet-agent", version: "1", description: "The local API of an Envoy sidecar agent" })
  )

export const openApi: string = JSON.stringify(OpenApi.fromApi(ManagementApi))
