import { Deferred, Effect, Layer } from "effect"
import { Signals, type StopSignal } from "../services/Signals.ts"

const stopSignals = ["SIGTERM", "SIGQUIT", "SIGINT"] as const

/** Keeps signals from its first moment on, so that none is lost while the agent starts. */
export const SignalsLive = Layer.effect(
  Signals,
  Effect.gen(function* () {
    const stop = yield* Deferred.make<StopSignal>()
    const hurry = yield* Deferred.make<StopSignal>()
    const onSignal = (name: StopSignal) => {
      if (!Deferred.doneUnsafe(stop, Effect.succeed(name))) Deferred.doneUnsafe(hurry, Effect.succeed(name))
    }
    const handlers = stopSignals.map((name) => ({ name, handle: () => onSignal(name) }))
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        for (const { name, handle } of handlers) process.on(name, handle)
      }),
      () =>
        Effect.sync(() => {
          for (const { name, handle } of handlers) process.off(name, handle)
        })
    )
    return Signals.of({ stop: Deferred.await(stop), hurry: Deferred.await(hurry) })
  })
)
