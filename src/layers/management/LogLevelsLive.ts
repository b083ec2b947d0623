import { Duration, Effect, FiberHandle, Layer, Ref, Schedule, Semaphore, Stream } from "effect"
import { AdminClient } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { type LogLevel, LogLevels } from "../../services/LogLevels.ts"

interface Levels {
  /** In force in Envoy, as far as the agent has a say. */
  readonly current: LogLevel
  /** What a reset goes back to. */
  readonly configured: LogLevel
}

const untilItHolds = Schedule.spaced("1 second")

export const LogLevelsLive = Layer.effect(
  LogLevels,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const atStart: LogLevel = settings.ENVOY_LOG_LEVEL === "warn" ? "warning" : settings.ENVOY_LOG_LEVEL
    const levels = yield* Ref.make<Levels>({ current: atStart, configured: atStart })
    const oneAtATime = yield* Semaphore.make(1)
    /** What will set the level by itself: at most one. */
    const pending = yield* FiberHandle.make<void, never>()

    const apply = (level: LogLevel) =>
      admin.setLogLevel(level).pipe(Effect.andThen(Ref.update(levels, (before) => ({ ...before, current: level }))))

    const goBack = Effect.gen(function* () {
      const { configured } = yield* Ref.get(levels)
      // Retried for as long as it takes: nothing is left to fail.
      yield* Effect.orDie(Effect.retry(apply(configured), untilItHolds))
      yield* Effect.logInfo(`Envoy's log level is ${configured} again`)
    })

    const set = (to: LogLevel, permanent: boolean) =>
      Effect.gen(function* () {
        const { configured, current: from } = yield* Ref.get(levels)
        if (from !== to) yield* apply(to)
        if (permanent) yield* Ref.update(levels, (before) => ({ ...before, configured: to }))
        if (permanent || to === configured) yield* FiberHandle.clear(pending)
        else if (from !== to) {
          const wait = Duration.seconds(settings.APPNET_AGENT_LOGGING_RESET_TIMEOUT)
          yield* FiberHandle.run(pending, Effect.delay(goBack, wait))
        }
        return { from, to, changed: from !== to }
      }).pipe(oneAtATime.withPermits(1))

    // A new Envoy has the level of its command line, and knows nothing of what was asked of the one before.
    const follow = Effect.gen(function* () {
      yield* FiberHandle.clear(pending)
      const { configured } = yield* Ref.updateAndGet(levels, (before) => ({ ...before, current: atStart }))
      if (configured !== atStart) yield* FiberHandle.run(pending, goBack)
    }).pipe(oneAtATime.withPermits(1))
    yield* envoy.changes.pipe(
      Stream.filter(({ _tag, epoch }) => _tag === "Starting" && epoch > 0),
      Stream.runForEach(() => follow),
      Effect.forkScoped
    )

    return LogLevels.of({ set })
  })
)
