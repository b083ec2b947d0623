import { Clock, Duration, Effect, Layer, Option, Ref, Result, Stream, SubscriptionRef } from "effect"
import { AdminClient, type AdminError } from "../../services/AdminClient.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { type Health, HealthMonitor } from "../../services/HealthMonitor.ts"
import { type RejectedUpdate, RejectedUpdates } from "../../services/RejectedUpdates.ts"
import {
  type Change,
  type ListenerErrors,
  lacksListenerWords,
  latestRejected,
  needsListenerErrors,
  observe,
  type Rejections
} from "./rejections.ts"

/** Between two looks before Envoy is LIVE: its health is looked at more often than this needs. */
const intervalBeforeLive = Duration.seconds(1)

/** What is known of the Envoy with this epoch. */
interface Known {
  readonly epoch: number
  readonly rejections: Rejections
  /** When the last look began, in epoch milliseconds; 0 before the first. */
  readonly lastLook: number
  /** Whether Envoy is to be asked for its words once more: it did not answer in time. */
  readonly asksAgain: boolean
}

const nothingOf = (epoch: number): Known => ({ epoch, rejections: new Map(), lastLook: 0, asksAgain: false })

const canBeAsked = ({ envoyState }: Health) => envoyState !== "UNREACHABLE" && envoyState !== "DRAINING"

const isLive = ({ envoyState }: Health) => envoyState === "LIVE"

const describeFirst = (updates: ReadonlyArray<RejectedUpdate>) => {
  const [first] = updates
  const others = updates.length > 1 ? ` and ${updates.length - 1} more` : ""
  return { name: first?.resource === undefined ? "" : ` (${first.resource}${others})`, reason: first?.reason }
}

const logChange = ({ _tag, kind, updates }: Change) => {
  const { name, reason = "Envoy's log says why, at level warning" } = describeFirst(updates)
  switch (_tag) {
    case "Rejected":
      return Effect.logWarning(`Envoy rejected an update of ${kind}${name}, and goes on with what it had: ${reason}`)
    case "Unclear":
      return Effect.logWarning(
        `Envoy rejected an update of ${kind}${name} and accepted one, and it is not known which came last: ${reason}`
      )
    case "Superseded":
      return Effect.logInfo(`Envoy accepted ${kind}${name}: no rejected update of them is left`)
  }
}

/** Envoy answers with an error where it cannot print its errors, so it has some. Otherwise nobody knows. */
const withoutWords = ({ reason }: AdminError): ListenerErrors => (reason === "status" ? "unprintable" : [])

/** Looks at Envoy's counters as often as the health does, and asks for its words only where one has grown. */
export const RejectedUpdatesLive = Layer.effect(
  RejectedUpdates,
  Effect.gen(function* () {
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const { health } = yield* HealthMonitor
    const epochNow = Effect.map(envoy.state, ({ epoch }) => epoch)
    const known = yield* Ref.make(nothingOf(yield* epochNow))

    /** What is known of the Envoy that runs now. */
    const current = Effect.gen(function* () {
      const epoch = yield* epochNow
      const found = yield* Ref.get(known)
      return found.epoch === epoch ? found : nothingOf(epoch)
    })

    const look = Effect.fn("RejectedUpdates.look")(
      function* () {
        const { asksAgain, epoch, lastLook, rejections: before } = yield* current
        const time = yield* Clock.currentTimeMillis
        const counters = yield* admin.rejectingSubscriptions
        const isAsked = asksAgain || needsListenerErrors(before, counters)
        const answer = isAsked ? yield* Effect.result(admin.listenerErrors) : Result.succeed([])
        const errors = Result.getOrElse(answer, withoutWords)
        const { after, changes } = observe(before, { counters, errors, time }, lastLook)
        if ((yield* epochNow) !== epoch) return
        const isUnanswered = Result.isFailure(answer) && errors !== "unprintable"
        yield* Ref.set(known, {
          epoch,
          rejections: after,
          lastLook: time,
          asksAgain: isUnanswered && !asksAgain && lacksListenerWords(after)
        })
        yield* Effect.forEach(changes, logChange, { discard: true })
      },
      Effect.catchTag("AdminError", ({ message }) => Effect.logDebug(`rejected updates are not known: ${message}`))
    )

    const firstLive = SubscriptionRef.changes(health).pipe(Stream.filter(isLive), Stream.runHead)
    const pauseBeforeLive = Effect.raceFirst(Effect.asVoid(firstLive), Effect.sleep(intervalBeforeLive))
    // Each look at Envoy's health changes it, if only to the same.
    yield* SubscriptionRef.changes(health).pipe(
      Stream.filter(canBeAsked),
      Stream.buffer({ capacity: 1, strategy: "sliding" }),
      Stream.runForEach((seen) => Effect.andThen(look(), isLive(seen) ? Effect.void : pauseBeforeLive)),
      Effect.forkScoped
    )

    return RejectedUpdates.of({
      latest: Effect.map(current, ({ rejections }) => Option.fromUndefinedOr(latestRejected(rejections)))
    })
  })
)
