import { Effect, Layer } from "effect"
import { Config, InvalidSettings } from "../../services/Config.ts"
import type { SettingName } from "../../services/Settings.ts"
import { type Environment, readEnvironment } from "./decode.ts"

/** The settings in an environment, with what is wrong with them. `userId` is that of this process; 0 is root. */
export const uncheckedFrom = (environment: Environment, userId = 0): Layer.Layer<Config> =>
  Layer.effect(
    Config,
    Effect.sync(() => Config.of(readEnvironment(environment, userId))).pipe(Effect.withSpan("Config.decode"))
  )

/** Fails if one of these settings cannot be used; without names, if any cannot. */
const checked = (names?: ReadonlyArray<SettingName>) =>
  Layer.effect(
    Config,
    Effect.gen(function* () {
      const config = yield* Config
      const [first, ...others] = config.problems.filter(
        ({ variable }) => names === undefined || names.some((name) => name === variable)
      )
      return first === undefined ? config : yield* new InvalidSettings({ problems: [first, ...others] })
    })
  )

/** The same settings, of which none may be invalid. */
export const layerFrom = (environment: Environment, userId = 0): Layer.Layer<Config, InvalidSettings> =>
  Layer.provide(checked(), uncheckedFrom(environment, userId))

/** The settings in this process's environment, with what is wrong with them. */
export const UncheckedConfigLive = Layer.suspend(() => uncheckedFrom(process.env, process.getuid?.() ?? 0))

/** The same, of which none may be invalid. */
export const ConfigLive = Layer.suspend(() => layerFrom(process.env, process.getuid?.() ?? 0))

/** The settings in this process's environment, for a command that uses only these: the others may be invalid. */
export const configLiveFor = (names: ReadonlyArray<SettingName>): Layer.Layer<Config, InvalidSettings> =>
  Layer.provide(checked(names), UncheckedConfigLive)
