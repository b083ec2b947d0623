import type { Effect } from "effect"
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

export interface LevelChange {
  readonly from: LogLevel
  readonly to: LogLevel
  /** False if the level was already in force. */
  readonly changed: boolean
}

/** Sets the level of all of Envoy's loggers. */
export class LogLevels extends Context.Service<
  LogLevels,
  {
    /**
     * Sets the level until `APPNET_AGENT_LOGGING_RESET_TIMEOUT` has passed, the level is set again or Envoy restarts. With
     * `permanent`, later resets and restarts return to this level. Fails and changes nothing if Envoy refuses.
     */
    readonly set: (level: LogLevel, permanent: boolean) => Effect.Effect<LevelChange, AdminError>
  }
>()("agent/LogLevels") {}
