import type { Effect } from "effect"
import { Context, Schema, SchemaTransformation } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** Envoy's log levels; `warn` is taken for `warning`, since Envoy's admin takes no other. */
export const LogLevel = Schema.Literals(["trace", "debug", "info", "warning", "error", "critical", "off"])
export type LogLevel = typeof LogLevel.Type

/** What people may call a level, in lower case. */
export const levelWords = ["warn", ...LogLevel.literals] as const

/** A level by any of these words, in any case. */
export const LevelInAnyCase = Schema.String.pipe(
  Schema.decode(SchemaTransformation.toLowerCase()),
  Schema.decodeTo(Schema.Literals(levelWords)),
  Schema.decodeTo(
    LogLevel,
    SchemaTransformation.transform({
      decode: (word) => (word === "warn" ? "warning" : word),
      encode: (level) => level
    })
  )
)

export interface LevelChange {
  readonly from: LogLevel
  readonly to: LogLevel
  /** False where the level was in force already. */
  readonly changed: boolean
}

/** The level of all of Envoy's loggers. */
export class LogLevels extends Context.Service<
  LogLevels,
  {
    /**
     * Sets it, until `APPNET_AGENT_LOGGING_RESET_TIMEOUT` is over, a later change, or Envoy's restart; permanently, it is
     * the level to go back to from then on.
     */
    readonly set: (level: LogLevel, permanent: boolean) => Effect.Effect<LevelChange, AdminError>
  }
>()("agent/LogLevels") {}
