import { Clock, Data, Duration, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { Config } from "../../services/Config.ts"
import {
  describeEnd,
  type EnvoyEnd,
  EnvoyLauncher,
  type EnvoyLaunchFailed,
  type LaunchedEnvoy,
  shellExitCode
} from "../../services/EnvoyLauncher.ts"
import { EnvoyEnded, EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { restartSchedule } from "./restarts.ts"
import {
  draining,
  ending,
  exited,
  failed,
  initialSupervision,
  isLastLife,
  running,
  type Supervision,
  starting,
  stopped
} from "./supervision.ts"
import { throttled } from "./throttled.ts"

/** How long Envoy may take to end after SIGTERM. */
const terminationTimeout = Duration.seconds(3)

/** A life of Envoy has ended, and nobody asked for that. */
class EnvoyCrashed extends Data.TaggedError("EnvoyCrashed")<{ readonly end: EnvoyEnd }> {}

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

    /** Takes note of the end of a life. Fails where Envoy is still wanted. */
    const noteEnd = Effect.fnUntraced(function* (end: EnvoyEnd, who: string) {
      const before = yield* SubscriptionRef.getAndUpdate(supervision, (now) => exited(now, end))
      if (!before.isToldToEnd) {
        const during = isLastLife(before) ? " while it was drained, so its connections are cut off" : ""
        yield* Effect.logError(`${who} ${describeEnd(end)}${during}`)
      }
      if (isLastLife(before)) return yield* Effect.never
      return yield* new EnvoyCrashed({ end })
    })

    /** A first start that is refused will be refused again. Later there was an Envoy that ran: what is missing may come back. */
    const noteRefusal = Effect.fnUntraced(function* (error: EnvoyLaunchFailed) {
      if ((yield* epoch) === 0) return yield* error
      return yield* noteEnd({ _tag: "NotStarted", problem: error.message }, name)
    })

    /** One life of Envoy, from its launch to its end. */
    const runOnce = Effect.gen(function* () {
      if (!(yield* step(starting))) return yield* Effect.never
      const launched = yield* Effect.catchTag(launcher.launch, "EnvoyLaunchFailed", noteRefusal)
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
      return yield* noteEnd(yield* launched.exit, `${name} (pid ${launched.pid})`)
    }).pipe(
      Effect.scoped,
      Effect.ensuring(SubscriptionRef.update(supervision, (now) => ({ ...now, process: undefined })))
    )

    const isRestartAllowed = (error: { readonly _tag: string }) =>
      error._tag === "EnvoyCrashed"
        ? Effect.map(SubscriptionRef.get(supervision), (current) => !isLastLife(current))
        : Effect.succeed(false)

    const supervise = runOnce.pipe(
      Effect.retry({ schedule: restartSchedule(settings.APPNET_ENVOY_RESTART_COUNT), while: isRestartAllowed }),
      Effect.catchTag("EnvoyCrashed", ({ end }) =>
        Effect.flatMap(epoch, (restarts) => {
          const exitCode = end._tag === "NotStarted" ? 1 : shellExitCode(end)
          return Effect.fail(new EnvoyEnded({ name, description: describeEnd(end), restarts, exitCode, hint: "" }))
        })
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
      const { process } = yield* SubscriptionRef.updateAndGet(supervision, ending)
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
