import { Clock, Duration, Effect, Option, Schedule, Stream, SubscriptionRef } from "effect"
import { AdminClient } from "../services/AdminClient.ts"
import { Config } from "../services/Config.ts"
import { EnvoyProcess } from "../services/EnvoyProcess.ts"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { LocalRelay } from "../services/LocalRelay.ts"
import { Signals } from "../services/Signals.ts"

/** Time between two questions to Envoy for its open connections. */
const connectionPollInterval = "100 millis"

/** Completes once Envoy has no open downstream connection; never where that cannot be known. */
const connectionsClosed = Effect.gen(function* () {
  const admin = yield* AdminClient
  yield* admin.activeConnections.pipe(
    Effect.tapError((error) => Effect.logDebug(`open connections are unknown: ${error.message}`)),
    Effect.tap((count) => Effect.logDebug(`open connections: ${Option.getOrElse(count, () => "unknown")}`)),
    Effect.match({ onFailure: () => false, onSuccess: Option.contains(0) }),
    Effect.repeat({ schedule: Schedule.spaced(connectionPollInterval), until: (closed) => Effect.succeed(closed) })
  )
})

/** Completes once Envoy has ended. */
const envoyStopped = Effect.gen(function* () {
  const { changes } = yield* EnvoyProcess
  yield* changes.pipe(
    Stream.filter(({ _tag }) => _tag === "Stopped"),
    Stream.runHead
  )
})

/** Takes Envoy down, then its local relay, which it needs to the end. */
export const gracefulStop = Effect.gen(function* () {
  yield* stopEnvoy
  const relay = yield* LocalRelay
  if (Option.isSome(relay)) yield* relay.value.process.stop
})

/**
 * Takes Envoy down without dropping a request: drains its listeners, waits until their connections are closed (at
 * least `LISTENER_DRAIN_MIN_WAIT_TIME_S`, at most `LISTENER_DRAIN_WAIT_TIME_S`), then stops the process. An Envoy that has
 * not been LIVE yet, or is down between restarts, is stopped at once; so is any at a second signal.
 */
const stopEnvoy = Effect.gen(function* () {
  const { settings } = yield* Config
  const admin = yield* AdminClient
  const envoy = yield* EnvoyProcess
  const signals = yield* Signals
  const { health } = yield* HealthMonitor

  const { _tag: state } = yield* envoy.state
  const { initialized } = yield* SubscriptionRef.get(health)
  if (state !== "Running" || !initialized) {
    yield* Effect.logInfo("Envoy serves nobody yet: stopping at once")
    return yield* envoy.stop
  }

  yield* envoy.beginDraining
  const began = yield* Clock.monotonicTimeNanos
  const drain = Effect.gen(function* () {
    yield* admin.drainListeners({ graceful: true, skipExit: true, inboundOnly: false }).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.logInfo(`draining listeners, for at most ${settings.LISTENER_DRAIN_WAIT_TIME_S} s`),
        onFailure: (error) =>
          Effect.logWarning(
            error.mayHaveActed
              ? `Envoy has not answered the request to drain its listeners, and may drain them at any time: ${error.message}`
              : `could not drain listeners: ${error.message}`
          )
      })
    )
    yield* Effect.sleep(Duration.seconds(settings.LISTENER_DRAIN_MIN_WAIT_TIME_S))
    yield* connectionsClosed
    return "no connection is left"
  }).pipe(
    Effect.timeoutOrElse({
      duration: Duration.seconds(settings.LISTENER_DRAIN_WAIT_TIME_S),
      orElse: () => Effect.succeed("the time to drain is over")
    })
  )
  const reason = yield* Effect.raceAllFirst([
    drain,
    Effect.map(signals.skipDrain, (name) => `${name} came as the second signal`),
    Effect.as(envoyStopped, "Envoy has ended")
  ])
  const seconds = Number((yield* Clock.monotonicTimeNanos) - began) / 1e9
  yield* Effect.logInfo(`${reason} after ${seconds.toFixed(1)} s: stopping Envoy`)
  yield* envoy.stop
}).pipe(Effect.withSpan("gracefulStop"))
