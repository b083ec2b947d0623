import type { Effect, Option } from "effect"
import { Context, Schema, SchemaTransformation } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** Envoy's log levels by the names that its admin interface accepts. */
export const LogLevel = Schema.Literals(["trace", "debug", "info", "warning", "error", "critical", "off"])
export type LogLevel = typeof LogLevel.Type

/** The names that users may write, in lower case: Envoy's own, and `warn` for `warning`. */
export const logLevelNames = ["warn", ...LogLevel.literals] as const

const LogLevelName = Schema.Literals(logLevelNames)
const isLogLevelName = Schema.is(LogLevelName)

/** A level by any of its names, in any case. JSON Schema cannot ignore case, so there the names are in lower case. */
export const LogLevelInAnyCase = Schema.String.annotate({ description: "A level of Envoy's loggers, in any case" })
  .check(
    Schema.makeFilter((name) => isLogLevelName(name.toLowerCase()), {
      toJsonSchema: () => ({ enum: [...logLevelNames] })
    })
  )
  .pipe(
    Schema.decode(SchemaTransformation.toLowerCase()),
    Schema.decodeTo(LogLevelName),
    Schema.decodeTo(
      LogLevel,
      SchemaTransformation.transform({
        decode: (name) => (name === "warn" ? "warning" : name),
        encode: (level) => level
      })
    )
  )

/**
 * `unknown` where Envoy did not answer a request for another level, which it may still carry out, or for the level that it has.
 * `mixed` where its loggers have several levels.
 */
export const ReportedLogLevel = Schema.Literals([...LogLevel.literals, "unknown", "mixed"])
export type ReportedLogLevel = typeof ReportedLogLevel.Type

export interface LevelChange {
  readonly from: ReportedLogLevel
  readonly to: LogLevel
  /** False if the level was already in force. */
  readonly changed: boolean
  /** The reset that this change has scheduled; `at` is in epoch milliseconds. */
  readonly reset: Option.Option<{ readonly to: LogLevel; readonly at: number }>
  /** Whether the agent is stopping Envoy, which may end before the reset. */
  readonly isStopping: boolean
}

/** Sets the level of all of Envoy's loggers. */
export class LogLevels extends Context.Service<
  LogLevels,
  {
    /**
     * The level that the Envoy that runs now was started with, or had when the agent last set it or asked for it, and when it is
     * reset, in epoch milliseconds. Whoever changes it at Envoy's admin is seen at the next `set`.
     */
    readonly report: Effect.Effect<{ readonly level: ReportedLogLevel; readonly resetsAt: Option.Option<number> }>
    /**
     * Sets the level until `APPNET_AGENT_LOGGING_RESET_TIMEOUT` has passed, the level is set again or Envoy restarts. With
     * `permanent`, later resets and restarts return to this level. Fails and changes nothing if Envoy refuses. Where Envoy does
     * not answer, it fails, the level is unknown, and is reset all the same. `requester` says in the log who asked.
     */
    readonly set: (level: LogLevel, permanent: boolean, requester: string) => Effect.Effect<LevelChange, AdminError>
  }
>()("agent/LogLevels") {}
