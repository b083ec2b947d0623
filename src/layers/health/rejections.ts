import type { ListenerError, UpdateCounters } from "../../services/AdminClient.ts"
import { foreignLine } from "../../services/foreignText.ts"
import type { RejectedUpdate } from "../../services/RejectedUpdates.ts"
import { subscriptionOf } from "./xdsSubscriptions.ts"

/** What is known of one subscription. */
interface Followed {
  readonly counters: UpdateCounters
  /** Undefined while whatever was rejected is superseded. */
  readonly rejected: RejectedUpdate | undefined
  /** What was last told of it in the log; undefined where that is superseded. */
  readonly told: Told | undefined
  /** When silence says that an update of unknown order was superseded, in epoch milliseconds; undefined where nothing says so. */
  readonly settlesAt: number | undefined
  /** Whether the control plane repeated a rejected update until the last look. */
  readonly isRepeated: boolean
  /** The time of the latest listener error that was seen; 0 before the first. */
  readonly lastError: number
}

interface Told {
  readonly _tag: "Rejected" | "Unclear"
  readonly update: RejectedUpdate
}

/** What is known of one life of Envoy, by subscription. */
export type Rejections = ReadonlyMap<string, Followed>

/**
 * What changed: an update of these resources was rejected for the first time, or one was accepted in its place. `Unclear`: both
 * happened since the last look, and nobody knows which came last.
 */
export interface Change {
  readonly _tag: "Rejected" | "Superseded" | "Unclear"
  /** `listeners`, `clusters`. */
  readonly kind: string
  readonly updates: ReadonlyArray<RejectedUpdate>
}

/** The listener errors that Envoy keeps, or that there are some that it cannot print. */
export type ListenerErrors = ReadonlyArray<ListenerError> | "unprintable"

const listeners = "listener_manager.lds"

/** A control plane that was rejected so often between two looks repeats an update until Envoy accepts it. */
const repetitions = 10
/** The longest silence after which such an update counts as accepted. */
const longestSilence = 10_000

/** A subscription as it was at the last look, when none of its updates had been rejected. */
const untilNow = (now: UpdateCounters, lastLook: number): Followed => ({
  counters: { ...now, rejected: 0, accepted: now.acceptedAt > lastLook ? 0 : now.accepted },
  rejected: undefined,
  told: undefined,
  settlesAt: undefined,
  isRepeated: false,
  lastError: 0
})

/** Whether listeners were rejected since the last look, so that Envoy may have words for it. */
export const needsListenerErrors = (before: Rejections, counters: ReadonlyArray<UpdateCounters>): boolean =>
  counters.some(
    ({ rejected, subscription }) =>
      subscription === listeners && rejected > (before.get(listeners)?.counters.rejected ?? 0)
  )

const latestOf = (errors: ReadonlyArray<ListenerError>) => Math.max(0, ...errors.map(({ at }) => at ?? 0))

/** The names of all rejected listeners, and Envoy's words about the first. */
const wordsOf = (errors: ReadonlyArray<ListenerError>) => {
  const [first] = errors
  if (first === undefined) return { resource: undefined, reason: undefined }
  const names = errors.flatMap(({ listener }) => listener ?? [])
  return { resource: names.length === 0 ? undefined : foreignLine(names.join(", ")), reason: first.reason }
}

/**
 * Whether the last update of a subscription was rejected. Where some were accepted and some rejected since the last look, a new
 * listener error tells that a rejection came last. Nothing else tells the order: Envoy keeps no error of another type, and none
 * of listeners that it could not read.
 */
const orderOf = (before: Followed, now: UpdateCounters, errors: ListenerErrors, time: number) => {
  const isRejected = now.rejected > before.counters.rejected
  const isAccepted = now.accepted > before.counters.accepted
  const isKnownByError = errors === "unprintable" || latestOf(errors) > before.lastError
  if (isRejected) return isAccepted && !isKnownByError ? "unknown" : "rejected last"
  if (isAccepted || before.rejected === undefined) return "accepted last"
  if (before.rejected.isOrderKnown || isKnownByError) return "rejected last"
  return before.settlesAt !== undefined && time >= before.settlesAt ? "accepted last" : "unknown"
}

/** When the silence of a control plane that has repeated itself says that its update was accepted. */
const settlingTime = (before: Followed, newRejections: number, time: number, lastLook: number) => {
  if (newRejections === 0) return before.settlesAt
  if (newRejections < repetitions && !before.isRepeated) return undefined
  return time + Math.min(time - lastLook, longestSilence)
}

const follow = (
  before: Followed,
  now: UpdateCounters,
  { errors, time }: Pick<Look, "errors" | "time">,
  lastLook: number
): Followed => {
  const latest = errors === "unprintable" ? 0 : latestOf(errors)
  // Envoy keeps the errors of what it could read at all. Where it could not, those of an earlier update are still there.
  const words = errors !== "unprintable" && latest > before.lastError ? wordsOf(errors) : undefined
  const order = orderOf(before, now, errors, time)
  const newRejections = now.rejected - before.counters.rejected
  const followed = {
    counters: now,
    lastError: Math.max(before.lastError, latest),
    settlesAt: undefined,
    isRepeated: newRejections >= repetitions
  }
  if (order === "accepted last") return { ...followed, rejected: undefined, told: undefined }
  const isOrderKnown = order === "rejected last"
  const settlesAt = isOrderKnown ? undefined : settlingTime(before, newRejections, time, lastLook)
  const remember = (rejected: RejectedUpdate): Followed => {
    const news: Told = { _tag: isOrderKnown ? "Rejected" : "Unclear", update: rejected }
    // What soon settles by itself is no news yet.
    return { ...followed, settlesAt, rejected, told: settlesAt === undefined ? news : before.told }
  }
  if (newRejections === 0 && before.rejected !== undefined) {
    return remember({ ...before.rejected, ...words, isOrderKnown })
  }
  const { resource, type } = subscriptionOf(now.subscription)
  const continued = now.accepted === before.counters.accepted ? before.rejected : undefined
  const at = words !== undefined && newRejections === 1 ? latest : time
  return remember({
    type,
    resource: words?.resource ?? resource,
    reason: words?.reason,
    since: continued?.since ?? at,
    count: newRejections + (continued?.count ?? 0),
    isOrderKnown
  })
}

const changesBetween = (before: Rejections, after: Rejections): ReadonlyArray<Change> => {
  const changes = new Map<string, Change>()
  const add = (_tag: Change["_tag"], subscription: string, update: RejectedUpdate) => {
    const { kind } = subscriptionOf(subscription)
    const { updates } = changes.get(`${_tag} ${kind}`) ?? { updates: [] }
    changes.set(`${_tag} ${kind}`, { _tag, kind, updates: [...updates, update] })
  }
  for (const [subscription, { told }] of before) {
    if (told !== undefined && after.get(subscription)?.told === undefined) add("Superseded", subscription, told.update)
  }
  for (const [subscription, { told }] of after) {
    if (told !== undefined && told._tag !== before.get(subscription)?.told?._tag)
      add(told._tag, subscription, told.update)
  }
  return [...changes.values()]
}

/** What one look at Envoy found. */
export interface Look {
  readonly counters: ReadonlyArray<UpdateCounters>
  readonly errors: ListenerErrors
  /** When it began, in epoch milliseconds. */
  readonly time: number
}

/**
 * What is known after one more look, and what changed with it. A subscription that is gone, as that of a removed cluster, has
 * nothing rejected any more. `lastLook`: when the look before this one began; 0 where this is the first.
 */
export const observe = (
  before: Rejections,
  { counters, errors, time }: Look,
  lastLook: number
): { readonly after: Rejections; readonly changes: ReadonlyArray<Change> } => {
  const after: Rejections = new Map(
    counters.map((now) => {
      const known = before.get(now.subscription) ?? untilNow(now, lastLook)
      return [
        now.subscription,
        follow(known, now, { errors: now.subscription === listeners ? errors : [], time }, lastLook)
      ]
    })
  )
  return { after, changes: changesBetween(before, after) }
}

/** Whether the last update of listeners was rejected, and Envoy's words for it are not known. */
export const lacksListenerWords = (rejections: Rejections): boolean => {
  const rejected = rejections.get(listeners)?.rejected
  return rejected !== undefined && rejected.reason === undefined
}

/** The update that was rejected last of all that still count as rejected; of those that may be superseded only where all may. */
export const latestRejected = (rejections: Rejections): RejectedUpdate | undefined =>
  [...rejections.values()]
    .flatMap(({ rejected }) => rejected ?? [])
    .toSorted((a, b) => Number(b.isOrderKnown) - Number(a.isOrderKnown) || b.since - a.since)
    .at(0)
