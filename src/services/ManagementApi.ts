import { Schema } from "effect"
import { levelWords } from "./LogLevels.ts"

// The requests of the management API: their parameters, in one place for the server, its description and its clients.

/** A parameter that is given without a value: `?usedonly`. */
const Flag = Schema.Literals(["", "true"])

export const DrainQuery = Schema.Struct({
  inboundonly: Schema.optionalKey(Flag).annotate({ description: "Only inbound listeners: so it is anyway" }),
  graceful: Schema.optionalKey(Flag).annotate({ description: "Let requests that are under way end" })
})

export const LoggingQuery = Schema.Struct({
  // A description knows the words in lower case alone; the server takes them in any.
  level: Schema.Literals(levelWords).annotate({ description: "The level of all of Envoy's loggers, in any case" }),
  permanent: Schema.optionalKey(Schema.Literals(["true", "false"])).annotate({
    description: "true: the level to go back to from now on"
  })
})

export const StatsQuery = Schema.Struct({
  usedonly: Schema.optionalKey(Flag).annotate({ description: "Only what Envoy has updated" }),
  filter: Schema.optionalKey(Schema.Literal("metrics_extension")).annotate({
    description: "Only the metrics extension's families, without their prefix"
  }),
  delta: Schema.optionalKey(Flag).annotate({
    description: "What changed between the last two snapshots; needs usedonly and filter"
  }),
  since: Schema.optionalKey(Schema.String).annotate({
    description: "The X-Snapshot-Cursor of the answer before: what changed since then; needs delta"
  })
})

export const NoQuery = Schema.Struct({})

const EnvoyStateText = Schema.Literals(["LIVE", "PRE_INITIALIZING", "INITIALIZING", "DRAINING", "UNREACHABLE"])

/** Texts, as clients of the Go agent expect them. */
export const StatusBody = Schema.Struct({
  healthStatus: Schema.Literals(["HEALTHY", "UNHEALTHY"]),
  agentUptime: Schema.String.annotate({ description: "Seconds since the agent started, with a unit" }),
  envoyPid: Schema.String,
  envoyState: EnvoyStateText,
  envoyRestartCount: Schema.String,
  managementServerConnectionStatus: Schema.optionalKey(Schema.Literals(["CONNECTED", "NOT_CONNECTED"])),
  managementServerDisconnectedTimestamp: Schema.optionalKey(Schema.String).annotate({ description: "RFC 3339" }),
  managementServerProblem: Schema.optionalKey(Schema.String).annotate({ description: "Why there is no connection" }),
  envoyReadinessState: Schema.Literals(["NOT_INITIALIZED", "INITIALIZED"]),
  initialConfigUpdateStatus: Schema.optionalKey(Schema.Literals(["UPDATE_SUCCESSFUL", "UPDATE_FAILED"])),
  localRelayEnvoyState: Schema.optionalKey(EnvoyStateText).annotate({ description: "Where there is a local relay" }),
  localRelayEnvoyRestartCount: Schema.optionalKey(Schema.String)
})
