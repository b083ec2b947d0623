import { Deferred, Effect, Layer } from "effect"
import { Signals } from "../../services/Signals.ts"
import { type StopSignal, stopSignals } from "../../services/stopSignals.ts"

/** Keeps signals from its first moment on, and takes over those that came before, so that none is lost. */
export const layerWithEarlierSignals = (takeEarlier: () => ReadonlyArray<StopSignal>) =>
  Layer.effect(
    Signals,
    Effect.gen(function* () {
      const stop = yield* Deferred.make<StopSignal>()
      const skipDrain = yield* Deferred.make<StopSignal>()
      const onSignal = (name: StopSignal) => {
        if (!Deferred.doneUnsafe(stop, Effect.succeed(name))) Deferred.doneUnsafe(skipDrain, Effect.succeed(name))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const name of stopSignals) process.on(name, onSignal)
          takeEarlier().forEach(onSignal)
        }),
        () =>
          Effect.sync(() => {
            for (const name of stopSignals) process.off(name, onSignal)
          })
      )
      return Signals.of({ stop: Deferred.await(stop), skipDrain: Deferred.await(skipDrain) })
    })
  )

export const SignalsLive = layerWithEarlierSignals(() => [])
