import { Duration, Effect, Fiber, FiberHandle, Layer, Ref, Schedule, Semaphore, Stream } from "effect"
import { AdminClient } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { type LogLevel, LogLevels } from "../../services/LogLevels.ts"

interface LevelState {
  /** The start of Envoy that `current` belongs to. */
  readonly epoch: number
  /** The level that the agent last gave that Envoy. */
  readonly current: LogLevel
  /** The level that resets and restarts return to. */
  readonly configured: LogLevel
}

const resetRetries = Schedule.spaced("1 second")

export const LogLevelsLive = Layer.effect(
  LogLevels,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const scope = yield* Effect.scope
    const epochNow = Effect.map(envoy.state, ({ epoch }) => epoch)
    /** The level on Envoy's command line, which every new Envoy starts with. */
    const startLevel: LogLevel = settings.ENVOY_LOG_LEVEL === "warn" ? "warning" : settings.ENVOY_LOG_LEVEL
    const resetAfter = Duration.seconds(settings.APPNET_AGENT_LOGGING_RESET_TIMEOUT)

    const state = yield* Ref.make<LevelState>({ epoch: yield* epochNow, current: startLevel, configured: startLevel })
    /** Held while a level is read, sent to Envoy and recorded, so that two changes cannot mix. */
    const oneAtATime = yield* Semaphore.make(1)
    const pendingReset = yield* FiberHandle.make<void, never>()

    /** Sends a level to Envoy. It is recorded only if that Envoy is still the one that the state is about. */
    const apply = Effect.fnUntraced(function* (level: LogLevel, epoch: number) {
      yield* admin.setLogLevel(level)
      yield* Ref.update(state, (known) => (known.epoch === epoch ? { ...known, current: level } : known))
    })

    /** Returns to the configured level, unless Envoy has been restarted. Tries each second until Envoy accepts it. */
    const reset = (epoch: number) =>
      Effect.gen(function* () {
        if ((yield* epochNow) !== epoch) return
        const { configured } = yield* Ref.get(state)
        yield* apply(configured, epoch)
        yield* Effect.logInfo(`Envoy's log level is ${configured} again`)
      }).pipe(
        oneAtATime.withPermit,
        Effect.tapError(({ message }) => Effect.logDebug(`the log level is not reset, next try in 1 s: ${message}`)),
        Effect.retry(resetRetries),
        // The retries never end, so no failure is left.
        Effect.orDie
      )

    /** The state of the Envoy that runs now. The first caller after a restart moves the state to the new epoch. */
    const currentState = Effect.gen(function* () {
      const epoch = yield* epochNow
      const { isNewEpoch, levels } = yield* Ref.modify(state, (known) => {
        const levels = known.epoch === epoch ? known : { ...known, epoch, current: startLevel }
        return [{ isNewEpoch: known.epoch !== epoch, levels }, levels]
      })
      if (isNewEpoch) {
        yield* FiberHandle.clear(pendingReset)
        yield* Effect.logDebug(`Envoy was restarted: its log level is ${startLevel}`)
        if (levels.configured !== startLevel) yield* FiberHandle.run(pendingReset, reset(epoch))
      }
      return levels
    })

    const change = Effect.fn("LogLevels.set")(function* (to: LogLevel, permanent: boolean) {
      const { configured, current: from, epoch } = yield* currentState
      const changed = from !== to
      if (changed) yield* apply(to, epoch)
      if (permanent) yield* Ref.update(state, (known) => ({ ...known, configured: to }))
      if (permanent || to === configured) yield* FiberHandle.clear(pendingReset)
      else if (changed) yield* FiberHandle.run(pendingReset, Effect.delay(reset(epoch), resetAfter))
      yield* Effect.logDebug(`log level ${to} asked for${permanent ? " permanently" : ""}, was ${from}`)
      return { from, to, changed }
    }, oneAtATime.withPermit)

    yield* envoy.changes.pipe(
      Stream.runForEach(() => oneAtATime.withPermit(currentState)),
      Effect.forkScoped
    )

    return LogLevels.of({
      // In a fiber of the layer: a client that goes away must not leave a level in force without its reset.
      set: (level, permanent) => Effect.flatMap(Effect.forkIn(change(level, permanent), scope), Fiber.join)
    })
  })
)
