import { Schema, Struct } from "effect"
import { LogLevelInAnyCase, ReportedLogLevel } from "./LogLevels.ts"

// The one table of the management API's routes. The server serves it, /openapi.json describes it, the tests walk it.

/**
 * Requests per second that a limited route accepts, and how many may arrive at once. Counted per route and listener. Requests that
 * are refused for who sends them (401, 403) have a limit of their own, so that they do not use up that of the others.
 */
export const rateLimit = { perSecond: 10, burst: 20 } as const

/** An answer of a route. Its content is plain text, JSON of a schema, or nothing. */
export interface RouteAnswer {
  readonly status: number
  readonly description: string
  readonly content: "text" | "none" | Schema.Top
}

export interface Route<Query> {
  readonly method: "GET" | "POST"
  /** Compared letter by letter. */
  readonly path: `/${string}`
  /** The tag of the route in the description. */
  readonly group: "health" | "control" | "stats" | "description"
  readonly summary: string
  readonly description?: string
  /** The parameters. Any other parameter is refused. */
  readonly query: Schema.Codec<Query, unknown>
  /** Ends the sentence "expected ..." in the answer to a query that the schema refuses. */
  readonly expectedQuery: string
  /** What the handler answers; `answersOf` adds what follows from the fields below. */
  readonly answers: ReadonlyArray<RouteAnswer>
  readonly isRateLimited: boolean
  /** Over TCP it needs a Host that DNS rebinding cannot forge. */
  readonly checksHost: boolean
  /** Needs the token, where one is set, and over TCP its own page as Origin. */
  readonly needsPermission: boolean
  /** Asks Envoy's admin, so the answer may be 502. */
  readonly asksEnvoy: boolean
  /** Served on APPNET_AGENT_SCRAPE_ADDRESS too. */
  readonly isScrapable: boolean
}

const text = (status: number, description: string): RouteAnswer => ({ status, description, content: "text" })

const route = <Query>(definition: Route<Query>): Route<Query> => definition

/** A parameter without a value, as in `?usedonly`; `true` is accepted as its value. */
const Flag = Schema.Literals(["", "true"])

const EnvoyStateName = Schema.Literals(["LIVE", "PRE_INITIALIZING", "INITIALIZING", "DRAINING", "UNREACHABLE"])

const RejectedUpdateBody = Schema.Struct({
  type: Schema.String.annotate({ description: "Of its resources: envoy.config.listener.v3.Listener" }),
  resource: Schema.optionalKey(Schema.String).annotate({ description: "Where Envoy names it" }),
  reason: Schema.optionalKey(Schema.String).annotate({ description: "Envoy's own words, where it keeps them" }),
  since: Schema.String.annotate({ description: "When it was first rejected, RFC 3339" }),
  count: Schema.String.annotate({ description: "How often it, or another in its place, was rejected since then" }),
  superseded: Schema.optionalKey(Schema.Literal("unknown")).annotate({
    description: "Where Envoy accepted another at nearly the same time, and nobody knows which came last"
  })
})

/** Only with `?verbose`. Each is absent while there is nothing to tell. */
const verboseFields = {
  rejectedUpdate: Schema.optionalKey(RejectedUpdateBody).annotate({
    description: "With verbose: the update that Envoy rejected last, until it accepts one in its place"
  })
}

/** All values are strings, as clients of the Go agent expect. */
const StatusBody = Schema.Struct({
  healthStatus: Schema.Literals(["HEALTHY", "UNHEALTHY"]),
  agentUptime: Schema.String.annotate({ description: "Seconds since the agent started, with a unit: 12s" }),
  envoyPid: Schema.String,
  envoyState: EnvoyStateName,
  envoyRestartCount: Schema.String,
  managementServerConnectionStatus: Schema.optionalKey(Schema.Literals(["CONNECTED", "NOT_CONNECTED"])),
  managementServerDisconnectedTimestamp: Schema.optionalKey(Schema.String).annotate({ description: "RFC 3339" }),
  envoyReadinessState: Schema.Literals(["NOT_INITIALIZED", "INITIALIZED"]),
  initialConfigUpdateStatus: Schema.optionalKey(Schema.Literals(["UPDATE_SUCCESSFUL", "UPDATE_FAILED"])),
  localRelayEnvoyState: Schema.optionalKey(EnvoyStateName).annotate({ description: "Only with a local relay" }),
  localRelayEnvoyRestartCount: Schema.optionalKey(Schema.String).annotate({ description: "Only with a local relay" }),
  reason: Schema.String.annotate({
    description: "Why healthStatus is what it is: one sentence, as in /ready and the log"
  }),
  managementServerProblem: Schema.optionalKey(Schema.String).annotate({ description: "Why there is no connection" }),
  drainedAt: Schema.optionalKey(Schema.String).annotate({
    description: "RFC 3339. When inbound listeners were drained on request, until Envoy's next start"
  }),
  logLevel: Schema.optionalKey(ReportedLogLevel).annotate({
    description:
      "The level that Envoy was started with, or had when the agent last set it or asked for it, at each POST /enableLogging; mixed where its loggers have several, unknown while Envoy has not answered"
  }),
  logLevelResetsAt: Schema.optionalKey(Schema.String).annotate({ description: "RFC 3339. While a reset is pending" }),
  ...verboseFields
})
export type StatusFields = typeof StatusBody.Type
export type VerboseFields = Pick<StatusFields, keyof typeof verboseFields>

/** No parameter at all. An empty Struct would accept any. */
const NoQuery = Schema.Record(Schema.String, Schema.Never)
const noParameters = "no parameters"

/** Answered from memory and open to everybody: probes must never be refused. */
const probe = {
  method: "GET",
  group: "health",
  query: NoQuery,
  expectedQuery: noParameters,
  isRateLimited: false,
  checksHost: false,
  needsPermission: false,
  asksEnvoy: false,
  isScrapable: false
} as const

/** Changes Envoy. */
const command = {
  method: "POST",
  group: "control",
  isRateLimited: true,
  checksHost: true,
  needsPermission: true,
  asksEnvoy: true,
  isScrapable: false
} as const

export const routes = {
  status: route({
    ...probe,
    path: "/status",
    // It tells more than a probe needs, and the container's health check names localhost.
    checksHost: true,
    summary: "What the agent knows of Envoy",
    query: Schema.Struct({
      verbose: Schema.optionalKey(Flag).annotate({
        description: "More about the state, for people who look for a cause"
      })
    }),
    expectedQuery: "no parameters except verbose",
    answers: [{ status: 200, description: "The state of agent and Envoy", content: StatusBody }]
  }),
  ready: route({
    ...probe,
    path: "/ready",
    summary: "Readiness probe",
    answers: [
      text(200, "Envoy is HEALTHY"),
      text(503, "Envoy is not HEALTHY, or its listeners were drained on request; the text says why")
    ]
  }),
  live: route({
    ...probe,
    path: "/live",
    summary: "Liveness probe",
    answers: [text(200, "The agent works")]
  }),
  drainListeners: route({
    ...command,
    path: "/drain_listeners",
    summary: "Drain Envoy's inbound listeners",
    description:
      "Draining cannot be undone: /ready is 503 and /status has drainedAt until Envoy's next start. healthStatus is unchanged.",
    query: Schema.Struct({
      inboundonly: Schema.optionalKey(Flag).annotate({ description: "Only inbound listeners, which is the default" }),
      graceful: Schema.optionalKey(Flag).annotate({ description: "Let requests in progress finish" })
    }),
    expectedQuery: "no parameters except inboundonly and graceful",
    answers: [text(200, "Envoy's answer, and what it means")]
  }),
  enableLogging: route({
    ...command,
    path: "/enableLogging",
    summary: "Set the level of all of Envoy's loggers",
    description:
      "The level is reset after APPNET_AGENT_LOGGING_RESET_TIMEOUT seconds. 304 if the level is already in force. After a 502 the level may be unknown; it is reset all the same.",
    query: Schema.Struct({
      level: LogLevelInAnyCase,
      permanent: Schema.optionalKey(Schema.Literals(["true", "false"])).annotate({
        description: "true: later resets return to this level"
      })
    }),
    expectedQuery: "level=trace, debug, info, warning, error, critical or off, and optionally permanent=true or false",
    answers: [
      text(200, "The old and the new level, and when it is reset"),
      { status: 304, description: "The level is already in force", content: "none" }
    ]
  }),
  prometheus: route({
    method: "GET",
    path: "/stats/prometheus",
    group: "stats",
    summary: "Envoy's stats as Prometheus text",
    query: Schema.Struct({
      usedonly: Schema.optionalKey(Flag).annotate({ description: "Only stats that Envoy has updated" }),
      filter: Schema.optionalKey(Schema.Literal("metrics_extension")).annotate({
        description: "Only the metrics extension's families, without their prefix"
      }),
      delta: Schema.optionalKey(Flag).annotate({
        description: "What changed between the last two snapshots; needs usedonly and filter"
      }),
      since: Schema.optionalKey(Schema.String).annotate({
        description: "The X-Snapshot-Cursor of an earlier answer: what changed since that answer; needs delta"
      })
    }),
    expectedQuery:
      "no parameters except usedonly, filter=metrics_extension, delta (with these two) and since=CURSOR (with delta)",
    answers: [
      text(200, "Prometheus text"),
      text(503, "Too many stats answers are under way; Retry-After says when to ask again")
    ],
    isRateLimited: true,
    checksHost: true,
    needsPermission: false,
    asksEnvoy: true,
    isScrapable: true
  }),
  openapi: route({
    method: "GET",
    path: "/openapi.json",
    group: "description",
    summary: "This description",
    query: NoQuery,
    expectedQuery: noParameters,
    answers: [
      { status: 200, description: "An OpenAPI document", content: Schema.Record(Schema.String, Schema.Unknown) }
    ],
    isRateLimited: true,
    checksHost: true,
    needsPermission: false,
    asksEnvoy: false,
    isScrapable: false
  })
} as const

export type RouteName = keyof typeof routes

/** The decoded query of a route. */
export type QueryOf<Name extends RouteName> = (typeof routes)[Name]["query"]["Type"]

/** The table as code reads it that treats all routes alike. */
export const routeTable: { readonly [Name in RouteName]: Route<QueryOf<Name>> } = routes

/** The names of all routes, in the order of the table. */
export const routeNames: ReadonlyArray<RouteName> = Struct.keys(routes)

/** Every answer that a route may give on its path, in the order of the description. */
export const answersOf = (definition: Route<unknown>): ReadonlyArray<RouteAnswer> => [
  ...definition.answers.filter(({ status }) => status < 400),
  text(400, "An unknown or repeated parameter, a wrong value, or a request body"),
  ...(definition.needsPermission ? [text(401, "The token of APPNET_AGENT_ADMIN_TOKEN is missing or wrong")] : []),
  ...(definition.checksHost
    ? [
        text(
          403,
          definition.needsPermission
            ? "The request comes from another site's page, or its Host is not allowed"
            : "The Host of the request is not allowed"
        )
      ]
    : []),
  ...(definition.isRateLimited || definition.checksHost
    ? [text(429, `More than ${rateLimit.perSecond} requests per second; Retry-After says when to ask again`)]
    : []),
  ...(definition.asksEnvoy ? [text(502, "Envoy does not answer, or answers with an error")] : []),
  ...definition.answers.filter(({ status }) => status >= 400)
]
