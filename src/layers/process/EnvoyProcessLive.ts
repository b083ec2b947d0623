import { Clock, Effect, Layer, Option, Ref, SubscriptionRef } from "effect"
import { Config } from "../../services/Config.ts"
import {
  describeExit,
  EnvoyLauncher,
  type LaunchedEnvoy,
  type ProcessExit,
  type ProcessSample,
  shellExitCode
} from "../../services/EnvoyLauncher.ts"
import { EnvoyEnded, EnvoyProcess, type EnvoyState } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { localRelayLog } from "../logs/destination.ts"
import { restartSchedule } from "./restarts.ts"

/** How long Envoy may take to obey SIGTERM. */
const patience = "3 seconds"

interface Crash {
  readonly _tag: "Crash"
  readonly exit: ProcessExit
}

export const EnvoyProcessLive = Layer.effect(
  EnvoyProcess,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const launcher = yield* EnvoyLauncher
    const role = yield* EnvoyRole
    const name = nameOf(role)
    const hint = role === "main" ? "" : localRelayLog(settings)
    const state = yield* SubscriptionRef.make<EnvoyState>({ _tag: "Starting", epoch: 0 })
    const running = yield* Ref.make(Option.none<LaunchedEnvoy>())
    const latest = yield* Ref.make(Option.none<ProcessSample>())
    const nextEpoch = yield* Ref.make(0)

    const epoch = Effect.map(SubscriptionRef.get(state), (current) => current.epoch)
    const expectsEnd = Effect.map(
      SubscriptionRef.get(state),
      (current) => current._tag === "Draining" || current._tag === "Stopped"
    )

    const watchProc = (envoy: LaunchedEnvoy) =>
      envoy.sample.pipe(
        Effect.flatMap((sample) => Ref.set(latest, sample)),
        Effect.andThen(Effect.sleep(settings.PID_POLL_INTERVAL_MS)),
        Effect.forever
      )

    const runOnce = Effect.gen(function* () {
      if (yield* expectsEnd) return yield* Effect.never
      const epoch = yield* Ref.getAndUpdate(nextEpoch, (n) => n + 1)
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch })
      const envoy = yield* launcher.launch
      // A stop came while it was being started, and did not see it.
      if (yield* expectsEnd) {
        yield* envoy.signal("SIGKILL")
        yield* envoy.exit
        return yield* Effect.never
      }
      const since = yield* Clock.currentTimeMillis
      yield* Ref.set(running, Option.some(envoy))
      yield* SubscriptionRef.set(state, { _tag: "Running", epoch, pid: envoy.pid, since })
      yield* Effect.logInfo(`${name} started with pid ${envoy.pid}${epoch === 0 ? "" : `, restart ${epoch}`}`)
      yield* Effect.forkScoped(watchProc(envoy))
      const exit = yield* envoy.exit
      yield* Ref.set(running, Option.none())
      if (yield* expectsEnd) {
        yield* SubscriptionRef.set(state, { _tag: "Stopped", epoch })
        return yield* Effect.never
      }
      yield* SubscriptionRef.set(state, { _tag: "Exited", epoch, exit })
      yield* Effect.logError(`${name} (pid ${envoy.pid}) ended with ${describeExit(exit)}`)
      return yield* Effect.fail<Crash>({ _tag: "Crash", exit })
    }).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.andThen(Ref.set(running, Option.none()), Ref.set(latest, Option.none())))
    )

    const fail = Effect.fnUntraced(function* (reason: string) {
      yield* SubscriptionRef.set(state, { _tag: "Failed", epoch: yield* epoch, reason })
    })

    const supervise = runOnce.pipe(
      Effect.retry({
        schedule: restartSchedule(settings.APPNET_ENVOY_RESTART_COUNT),
        while: (error) =>
          error._tag === "Crash" ? Effect.map(expectsEnd, (expected) => !expected) : Effect.succeed(false)
      }),
      Effect.catchTag("Crash", ({ exit }) =>
        Effect.flatMap(epoch, (restarts) =>
          Effect.fail(
            new EnvoyEnded({ name, description: describeExit(exit), restarts, exitCode: shellExitCode(exit), hint })
          )
        )
      ),
      Effect.tapError((error) => fail(error.message))
    )

    const beginDraining = SubscriptionRef.update(
      state,
      (current): EnvoyState =>
        current._tag === "Stopped" || current._tag === "Failed"
          ? current
          : { _tag: "Draining", epoch: current.epoch, pid: current._tag === "Running" ? current.pid : undefined }
    )

    const terminate = Effect.fnUntraced(function* (envoy: LaunchedEnvoy) {
      yield* envoy.signal("SIGTERM")
      yield* Effect.timeoutOrElse(envoy.exit, {
        duration: patience,
        orElse: () =>
          Effect.logWarning(`${name} (pid ${envoy.pid}) did not end within 3 s of SIGTERM: killing it`).pipe(
            Effect.andThen(envoy.signal("SIGKILL")),
            Effect.andThen(envoy.exit)
          )
      })
    })

    const stop = Effect.gen(function* () {
      yield* beginDraining
      const envoy = yield* Ref.get(running)
      if (Option.isSome(envoy)) yield* terminate(envoy.value)
      yield* SubscriptionRef.set(state, { _tag: "Stopped", epoch: yield* epoch })
    })

    return EnvoyProcess.of({
      state,
      sample: Ref.get(latest),
      supervise,
      beginDraining,
      stop
    })
  })
)
