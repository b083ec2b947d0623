import { Clock, Data, Duration, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { Config } from "../../services/Config.ts"
import {
  describeExit,
  EnvoyLauncher,
  type LaunchedEnvoy,
  type ProcessExit,
  shellExitCode
} from "../../services/EnvoyLauncher.ts"
import { EnvoyEnded, EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { restartSchedule } from "./restarts.ts"
import {
  draining,
  exited,
  failed,
  initialSupervision,
  isEndExpected,
  running,
  type Supervision,
  starting,
  stopped
} from "./supervision.ts"
import { throttled } from "./throttled.ts"

/** How long Envoy may take to end after SIGTERM. */
const terminationTimeout = Duration.seconds(3)

class EnvoyCrashed extends Data.TaggedError("EnvoyCrashed")<{ readonly exit: ProcessExit }> {}

export const EnvoyProcessLive = Layer.effect(
  EnvoyProcess,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const launcher = yield* EnvoyLauncher
    const role = yield* EnvoyRole
    const name = nameOf(role)
    const supervision = yield* SubscriptionRef.make<Supervision>(initialSupervision)

    /** Makes a step where it is possible; succeeds with whether it was. */
    const step = (change: (before: Supervision) => Supervision | undefined) =>
      SubscriptionRef.modify(supervision, (before) => {
        const after = change(before)
        return [after !== undefined, after ?? before]
      })
    const epoch = Effect.map(SubscriptionRef.get(supervision), ({ state }) => state.epoch)

    /** One life of Envoy, from its launch to its end. */
    const runOnce = Effect.gen(function* () {
      if (!(yield* step(starting))) return yield* Effect.never
      const launched = yield* launcher.launch
      const sample = yield* throttled(launched.sample, Duration.millis(settings.PID_POLL_INTERVAL_MS))
      const since = yield* Clock.currentTimeMillis
      // A stop that came during the launch had no process to end.
      if (!(yield* step((before) => running(before, { launched, sample }, since)))) {
        yield* Effect.logDebug(`${name} (pid ${launched.pid}) was started while a stop was under way: killing it`)
        yield* launched.signal("SIGKILL")
        yield* launched.exit
        return yield* Effect.never
      }
      const restarts = yield* epoch
      yield* Effect.logInfo(`${name} started with pid ${launched.pid}${restarts === 0 ? "" : `, restart ${restarts}`}`)
      const exit = yield* launched.exit
      const isExpected = yield* SubscriptionRef.modify(supervision, (before) => [
        isEndExpected(before),
        exited(before, exit)
      ])
      if (isExpected) return yield* Effect.never
      yield* Effect.logError(`${name} (pid ${launched.pid}) ended with ${describeExit(exit)}`)
      return yield* new EnvoyCrashed({ exit })
    }).pipe(
      Effect.scoped,
      Effect.ensuring(SubscriptionRef.update(supervision, ({ state }) => ({ state, process: undefined })))
    )

    const isRestartAllowed = (error: { readonly _tag: string }) =>
      error._tag === "EnvoyCrashed"
        ? Effect.map(SubscriptionRef.get(supervision), (current) => !isEndExpected(current))
        : Effect.succeed(false)

    const supervise = runOnce.pipe(
      Effect.retry({ schedule: restartSchedule(settings.APPNET_ENVOY_RESTART_COUNT), while: isRestartAllowed }),
      Effect.catchTag("EnvoyCrashed", ({ exit }) =>
        Effect.flatMap(epoch, (restarts) =>
          Effect.fail(
            new EnvoyEnded({ name, description: describeExit(exit), restarts, exitCode: shellExitCode(exit), hint: "" })
          )
        )
      ),
      Effect.tapError((error) => SubscriptionRef.update(supervision, (before) => failed(before, error.message)))
    )

    const terminate = Effect.fn("EnvoyProcess.terminate")(function* (launched: LaunchedEnvoy) {
      yield* launched.signal("SIGTERM")
      yield* Effect.timeoutOrElse(launched.exit, {
        duration: terminationTimeout,
        orElse: () =>
          Effect.logWarning(`${name} (pid ${launched.pid}) did not end within 3 s of SIGTERM: killing it`).pipe(
            Effect.andThen(launched.signal("SIGKILL")),
            Effect.andThen(launched.exit)
          )
      })
    })

    const stop = Effect.gen(function* () {
      const { process } = yield* SubscriptionRef.updateAndGet(supervision, draining)
      if (process !== undefined) yield* terminate(process.launched)
      yield* SubscriptionRef.update(supervision, stopped)
    })

    return EnvoyProcess.of({
      state: Effect.map(SubscriptionRef.get(supervision), ({ state }) => state),
      changes: SubscriptionRef.changes(supervision).pipe(
        Stream.map(({ state }) => state),
        Stream.changes
      ),
      sample: Effect.flatMap(SubscriptionRef.get(supervision), ({ process }) => process?.sample ?? Effect.succeedNone),
      supervise,
      beginDraining: SubscriptionRef.update(supervision, draining),
      stop
    })
  })
)
