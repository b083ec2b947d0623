import { Effect, Layer, Option, Ref } from "effect"
import { Config } from "../../services/Config.ts"
import { ConfiguredLogLevel } from "../../services/ConfiguredLogLevel.ts"
import type { LogLevel } from "../../services/LogLevels.ts"

interface Known {
  readonly moved: Option.Option<LogLevel>
  readonly starts: number
}

export const ConfiguredLogLevelLive = Layer.effect(
  ConfiguredLogLevel,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const ofSettings: LogLevel = settings.ENVOY_LOG_LEVEL === "warn" ? "warning" : settings.ENVOY_LOG_LEVEL
    const known = yield* Ref.make<Known>({ moved: Option.none(), starts: 0 })
    return ConfiguredLogLevel.of({
      takeForStart: Ref.modify(known, ({ moved, starts }) => [moved, { moved, starts: starts + 1 }]),
      current: Effect.map(Ref.get(known), ({ moved, starts }) => ({
        level: Option.getOrElse(moved, () => ofSettings),
        starts
      })),
      move: (level, starts) =>
        Ref.modify(known, (before) =>
          before.starts === starts ? [true, { moved: Option.some(level), starts }] : [false, before]
        )
    })
  })
)
