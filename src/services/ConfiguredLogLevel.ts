import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { LogLevel } from "./LogLevels.ts"

/** The log level that Envoy is started with and that resets return to: ENVOY_LOG_LEVEL, until a request moves it. */
export class ConfiguredLogLevel extends Context.Service<
  ConfiguredLogLevel,
  {
    /** For the command line of a start of Envoy, which is counted; none while the level is that of the settings. */
    readonly takeForStart: Effect.Effect<Option.Option<LogLevel>>
    /** The level, and how many starts have taken one. */
    readonly current: Effect.Effect<{ readonly level: LogLevel; readonly starts: number }>
    /** Moves the level, unless there has been another start since `starts`. Succeeds with whether it did. */
    readonly move: (level: LogLevel, starts: number) => Effect.Effect<boolean>
  }
>()("agent/ConfiguredLogLevel") {}
