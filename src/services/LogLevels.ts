import type { Effect } from "effect"
import { Context, Schema, SchemaTransformation } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** Envoy's log levels, as its admin accepts them: `warning`, but not `warn`. */
export const LogLevel = Schema.Literals(["trace", "debug", "info", "warning", "error", "critical", "off"])
export type LogLevel = typeof LogLevel.Type

/** The names of a level that users may write, in lower case: Envoy's, and `warn` for `warning`. */
export const levelWords = ["warn", ...LogLevel.literals] as const

/** Decodes a level from any of these names, in any case. */
export const LevelInAnyCase = Schema.String.pipe(
  Schema.decode(SchemaTransformation.toLowerCase()),
  Schema.decodeTo(Schema.Literals(levelWords)),
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

/** The level of all of Envoy's loggers. */
export class LogLevels extends Context.Service<
  LogLevels,
  {
    /**
     * Sets the level for `APPNET_AGENT_LOGGING_RESET_TIMEOUT` seconds, or until a later change or a restart of Envoy. A
     * permanent change has no such end, and is the level to which later changes are reset.
     */
    readonly set: (level: LogLevel, permanent: boolean) => Effect.Effect<LevelChange, AdminError>
  }
>()("agent/LogLevels") {}
