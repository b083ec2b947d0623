import { Clock, Duration, Effect, Option, Schedule, SubscriptionRef } from "effect"
import { AdminClient } from "../services/AdminClient.ts"
import { Config } from "../services/Config.ts"
import { EnvoyProcess } from "../services/EnvoyProcess.ts"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { LocalRelay } from "../services/LocalRelay.ts"
import { Signals } from "../services/Signals.ts"

/** Between two looks at the open connections. */
const lookEvery = "100 millis"

/** Completes once Envoy has no open downstream connection; never where that cannot be known. */
const connectionsGone = Effect.gen(function* () {
  const admin = yield* AdminClient
  yield* Effect.option(admin.activeConnections).pipe(
    Effect.repeat({
      schedule: Schedule.spaced(lookEvery),
      until: (answer) => Effect.succeed(Option.contains(Option.flatten(answer), 0))
    })
  )
})

const envoyGone = Effect.gen(function* () {
  const envoy = yield* EnvoyProcess
  yield* SubscriptionRef.get(envoy.state).pipe(
    Effect.repeat({ schedule: Schedule.spaced(lookEvery), until: ({ _tag }) => Effect.succeed(_tag === "Stopped") })
  )
})

/**
 * Takes Envoy down, then its local relay, which nobody needs any more.
 */
export const gracefulStop = Effect.gen(function* () {
  yield* stopEnvoy
  const relay = yield* LocalRelay
  if (Option.isSome(relay)) yield* relay.value.process.stop
})

/**
 * Takes Envoy down without dropping a request: drains its listeners, waits until the connections are gone (at
 * least `LISTENER_DRAIN_MIN_WAIT_TIME_S`, at most `LISTENER_DRAIN_WAIT_TIME_S`), then stops the process. An Envoy
 * that serves nobody yet, or is down between restarts, is stopped at once; so is any at a second signal.
 */
const stopEnvoy = Effect.gen(function* () {
  const { settings } = yield* Config
  const admin = yield* AdminClient
  const envoy = yield* EnvoyProcess
  const signals = yield* Signals
  const { health } = yield* HealthMonitor

  const { _tag: state } = yield* SubscriptionRef.get(envoy.state)
  const { initialized } = yield* SubscriptionRef.get(health)
  if (state !== "Running" || !initialized) {
    yield* Effect.logInfo("Envoy serves nobody yet: stopping at once")
    return yield* envoy.stop
  }

  yield* envoy.beginDraining
  const began = yield* Clock.currentTimeMillis
  const drain = Effect.gen(function* () {
    yield* admin.drainListeners({ graceful: true, skipExit: true, inboundOnly: false }).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.logInfo(`draining listeners, for at most ${settings.LISTENER_DRAIN_WAIT_TIME_S} s`),
        onFailure: (error) => Effect.logWarning(`could not drain listeners: ${error.message}`)
      })
    )
    yield* Effect.sleep(Duration.seconds(settings.LISTENER_DRAIN_MIN_WAIT_TIME_S))
    yield* connectionsGone
    return "no connection is left"
  }).pipe(
    Effect.timeoutOrElse({
      duration: Duration.seconds(settings.LISTENER_DRAIN_WAIT_TIME_S),
      orElse: () => Effect.succeed("the time to drain is over")
    })
  )
  const end = yield* Effect.raceAllFirst([
    drain,
    Effect.map(signals.skipDrain, (name) => `${name} came as the second signal`),
    Effect.as(envoyGone, "Envoy has ended")
  ])
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
  yield* Effect.logInfo(`${end} after ${seconds.toFixed(1)} s: stopping Envoy`)
  yield* envoy.stop
})
