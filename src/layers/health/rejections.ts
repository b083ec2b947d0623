import type { ListenerError, UpdateCounters } from "../../services/AdminClient.ts"
import { foreignLine } from "../../services/foreignText.ts"
import type { RejectedUpdate } from "../../services/RejectedUpdates.ts"
import { subscriptionOf } from "./xdsSubscriptions.ts"

/** What is known of one subscription. */
interface Followed {
  readonly counters: UpdateCounters
  /** Undefined while whatever was rejected is superseded. */
  readonly rejected: RejectedUpdate | undefined
  /** The time of the latest listener error that was seen; 0 before the first. */
  readonly lastError: number
}

/** What is known of one life of Envoy, by subscription. */
export type Rejections = ReadonlyMap<string, Followed>

/** What changed: an update of these resources was rejected for the first time, or one was accepted in its place. */
export interface Change {
  readonly _tag: "Rejected" | "Superseded"
  /** `listeners`, `clusters`. */
  readonly kind: string
  readonly updates: ReadonlyArray<RejectedUpdate>
}

/** The listener errors that Envoy keeps, or that there are some that it cannot print. */
export type ListenerErrors = ReadonlyArray<ListenerError> | "unprintable"

const listeners = "listener_manager.lds"

/** A subscription as it was at the last look, when none of its updates had been rejected. */
const untilNow = (now: UpdateCounters, lastLook: number): Followed => ({
  counters: { ...now, rejected: 0, accepted: now.acceptedAt > lastLook ? 0 : now.accepted },
  rejected: undefined,
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
 * Whether the last update of a subscription was rejected. Where some were accepted and some rejected since the last look, Envoy's
 * listener errors tell which came last; for other types nobody does, and what a control plane corrects is more likely than what
 * it breaks: if it sends that again, the next look shows it.
 */
const isLastRejected = (before: Followed, now: UpdateCounters, errors: ListenerErrors) => {
  const rejected = now.rejected > before.counters.rejected
  const accepted = now.accepted > before.counters.accepted
  if (!rejected) return before.rejected !== undefined && !accepted
  if (!accepted) return true
  return errors === "unprintable" || latestOf(errors) > before.lastError
}

const follow = (before: Followed, now: UpdateCounters, errors: ListenerErrors, time: number): Followed => {
  const latest = errors === "unprintable" ? 0 : latestOf(errors)
  // Envoy keeps the errors of what it could read at all. Where it could not, those of an earlier update are still there.
  const words = errors !== "unprintable" && latest > before.lastError ? wordsOf(errors) : undefined
  const followed = { counters: now, lastError: Math.max(before.lastError, latest) }
  if (!isLastRejected(before, now, errors)) return { ...followed, rejected: undefined }
  const newRejections = now.rejected - before.counters.rejected
  if (newRejections === 0) return { ...followed, rejected: before.rejected && { ...before.rejected, ...words } }
  const { resource, type } = subscriptionOf(now.subscription)
  const continued = now.accepted === before.counters.accepted ? before.rejected : undefined
  const at = words !== undefined && newRejections === 1 ? latest : time
  return {
    ...followed,
    rejected: {
      type,
      resource: words?.resource ?? resource,
      reason: words?.reason,
      since: continued?.since ?? at,
      count: newRejections + (continued?.count ?? 0)
    }
  }
}

const changesBetween = (before: Rejections, after: Rejections): ReadonlyArray<Change> => {
  const changes = new Map<string, Change>()
  const add = (_tag: Change["_tag"], subscription: string, update: RejectedUpdate) => {
    const { kind } = subscriptionOf(subscription)
    const { updates } = changes.get(`${_tag} ${kind}`) ?? { updates: [] }
    changes.set(`${_tag} ${kind}`, { _tag, kind, updates: [...updates, update] })
  }
  for (const [subscription, { rejected }] of before) {
    if (rejected !== undefined && after.get(subscription)?.rejected === undefined)
      add("Superseded", subscription, rejected)
  }
  for (const [subscription, { rejected }] of after) {
    if (rejected !== undefined && before.get(subscription)?.rejected === undefined)
      add("Rejected", subscription, rejected)
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
      return [now.subscription, follow(known, now, now.subscription === listeners ? errors : [], time)]
    })
  )
  return { after, changes: changesBetween(before, after) }
}

/** Whether the last update of listeners was rejected, and Envoy's words for it are not known. */
export const lacksListenerWords = (rejections: Rejections): boolean => {
  const rejected = rejections.get(listeners)?.rejected
  return rejected !== undefined && rejected.reason === undefined
}

/** The update that was rejected last of all that still count as rejected. */
export const latestRejected = (rejections: Rejections): RejectedUpdate | undefined =>
  [...rejections.values()]
    .flatMap(({ rejected }) => rejected ?? [])
    .toSorted((a, b) => b.since - a.since)
    .at(0)
