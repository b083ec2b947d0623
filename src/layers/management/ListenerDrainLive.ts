import { Clock, Effect, Fiber, FiberHandle, Layer, Option, Ref, Schedule, Semaphore } from "effect"
import { AdminClient, AdminError } from "../../services/AdminClient.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { type DrainState, ListenerDrain } from "../../services/ListenerDrain.ts"
import { duringLife, hasEnded, isStopping } from "./oneLife.ts"

const endpoint = "/drain_listeners"
/** The count is told if it comes in time; nobody waits for it longer. */
const countTimeout = "1 second"
const notRequested: DrainState = { _tag: "NotRequested" }

interface Known {
  /** The start of Envoy that `state` belongs to. */
  readonly epoch: number
  readonly state: DrainState
}

const describeListeners = (count: Option.Option<number>): string =>
  Option.match(count, {
    onNone: () => "all inbound listeners",
    onSome: (number) => {
      if (number === 0) return "no inbound listener (none has the traffic direction INBOUND)"
      return `${number} inbound listener${number === 1 ? "" : "s"}`
    }
  })

/** What a drain did, in words: `2 inbound listeners drained`. */
export const describeDrain = (graceful: boolean, listeners: Option.Option<number>): string =>
  graceful ? `graceful drain of ${describeListeners(listeners)} begun` : `${describeListeners(listeners)} drained`

/** How long a drain lasts, in words. */
export const describeDrainEnd = (isStopping: boolean): string =>
  isStopping ? "/ready is 503, and the agent is stopping Envoy" : "/ready is 503 until Envoy's next start"

export const ListenerDrainLive = Layer.effect(
  ListenerDrain,
  Effect.gen(function* () {
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const scope = yield* Effect.scope
    const epochNow = Effect.map(envoy.state, ({ epoch }) => epoch)
    const known = yield* Ref.make<Known>({ epoch: yield* epochNow, state: notRequested })
    const oneAtATime = yield* Semaphore.make(1)
    const confirmation = yield* FiberHandle.make<void, never>()

    /** Records what happened to the Envoy of an epoch. What happened to an earlier one no longer matters. */
    const record = (epoch: number, next: DrainState) =>
      Ref.update(known, (before) => {
        if (before.epoch > epoch) return before
        // The first drain is the one that counts.
        return before.epoch === epoch && before.state._tag === "Drained" ? before : { epoch, state: next }
      })

    const state = Effect.gen(function* () {
      const { epoch, state } = yield* Ref.get(known)
      return epoch === (yield* epochNow) ? state : notRequested
    })

    const drainOnce = Effect.fnUntraced(function* (graceful: boolean, requester: string, epoch: number) {
      const answer = yield* admin
        .drainListeners({ graceful, skipExit: false, inboundOnly: true })
        .pipe(duringLife(envoy, epoch, endpoint))
      yield* record(epoch, { _tag: "Drained", drainedAt: yield* Clock.currentTimeMillis })
      const listeners = yield* admin.inboundListeners.pipe(
        duringLife(envoy, epoch, endpoint),
        Effect.tapError(({ message }) => Effect.logDebug(`the inbound listeners cannot be counted: ${message}`)),
        Effect.option,
        Effect.timeoutOption(countTimeout),
        Effect.map(Option.flatten)
      )
      const isLastLife = isStopping(yield* envoy.state)
      yield* Effect.logInfo(
        `${describeDrain(graceful, listeners)}, requested by ${requester}: ${describeDrainEnd(isLastLife)}`
      )
      return { answer, listeners, isStopping: isLastLife }
    })

    /** Repeats a drain that Envoy has not answered. What it may have begun anyway is certain once it answers. */
    const confirm = (graceful: boolean, requester: string, epoch: number) =>
      drainOnce(graceful, requester, epoch).pipe(
        oneAtATime.withPermit,
        Effect.tapError(({ message }) => Effect.logDebug(`the drain is not confirmed, next try in 1 s: ${message}`)),
        Effect.retry({
          schedule: Schedule.spaced("1 second"),
          while: () => Effect.map(envoy.state, (now) => !hasEnded(epoch, now))
        }),
        Effect.ignore
      )

    const drain = Effect.fn("ListenerDrain.drain")(function* (graceful: boolean, requester: string) {
      const epoch = yield* epochNow
      return yield* drainOnce(graceful, requester, epoch).pipe(
        Effect.tap(() => FiberHandle.clear(confirmation)),
        Effect.catch((error) =>
          Effect.gen(function* () {
            const envoyNow = yield* envoy.state
            if (!error.mayHaveActed || hasEnded(epoch, envoyNow)) return yield* error
            yield* record(epoch, { _tag: "Unconfirmed", requestedAt: yield* Clock.currentTimeMillis })
            yield* FiberHandle.run(confirmation, confirm(graceful, requester, epoch))
            const until = isStopping(envoyNow)
              ? "is repeated for as long as Envoy runs, which the agent is stopping"
              : "is repeated until Envoy answers"
            yield* Effect.logWarning(
              `Envoy has not answered a drain that ${requester} requested (${error.message}): it ${until}`
            )
            const detail = `${error.detail}; the drain may happen at any time, and ${until}`
            return yield* new AdminError({ ...error, detail })
          })
        )
      )
    }, oneAtATime.withPermit)

    return ListenerDrain.of({
      state,
      // In a fiber of the layer: a client that goes away must not leave a drain unrecorded.
      drain: (graceful, requester) => Effect.flatMap(Effect.forkIn(drain(graceful, requester), scope), Fiber.join)
    })
  })
)
