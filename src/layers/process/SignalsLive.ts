import { Deferred, Effect, Layer, Queue } from "effect"
import {
  type HandledSignal,
  handledSignals,
  type IgnoredSignal,
  type StopSignal
} from "../../services/handledSignals.ts"
import { Signals } from "../../services/Signals.ts"

/** Keeps signals from its first moment on, and takes over those that came before, so that none is lost. */
export const layerWithEarlierSignals = (takeEarlier: () => ReadonlyArray<HandledSignal>) =>
  Layer.effect(
    Signals,
    Effect.gen(function* () {
      const stop = yield* Deferred.make<StopSignal>()
      const skipDrain = yield* Deferred.make<StopSignal>()
      const ignored = yield* Queue.sliding<IgnoredSignal>(10)
      const onSignal = (name: HandledSignal) => {
        if (name === "SIGUSR1" || name === "SIGUSR2") Queue.offerUnsafe(ignored, name)
        else if (!Deferred.doneUnsafe(stop, Effect.succeed(name))) Deferred.doneUnsafe(skipDrain, Effect.succeed(name))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const name of handledSignals) process.on(name, onSignal)
          takeEarlier().forEach(onSignal)
        }),
        () =>
          Effect.sync(() => {
            for (const name of handledSignals) process.off(name, onSignal)
          })
      )
      yield* Queue.take(ignored).pipe(
        Effect.flatMap((name) => Effect.logInfo(`${name}: the agent does nothing at this signal`)),
        Effect.forever,
        Effect.forkScoped
      )
      return Signals.of({ stop: Deferred.await(stop), skipDrain: Deferred.await(skipDrain) })
    })
  )

export const SignalsLive = layerWithEarlierSignals(() => [])
