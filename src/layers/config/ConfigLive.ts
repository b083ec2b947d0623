import { Effect, Layer, Result } from "effect"
import { Config, InvalidSettings } from "../../services/Config.ts"
import { decodeEnvironment, type Environment } from "./decode.ts"

/** The settings in an environment. `userId` is that of this process; 0 is root. */
export const layerFrom = (environment: Environment, userId = 0): Layer.Layer<Config, InvalidSettings> =>
  Layer.effect(
    Config,
    Effect.suspend(() => {
      const decoded = decodeEnvironment(environment, userId)
      return Result.isSuccess(decoded)
        ? Effect.succeed(Config.of(decoded.success))
        : Effect.fail(new InvalidSettings({ problems: decoded.failure }))
    }).pipe(Effect.withSpan("Config.decode"))
  )

/** The settings in this process's environment. */
export const ConfigLive = Layer.suspend(() => layerFrom(process.env, process.getuid?.() ?? 0))
