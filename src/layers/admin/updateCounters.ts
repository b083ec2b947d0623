import type { UpdateCounters } from "../../services/AdminClient.ts"
import type { StatsJson } from "./healthStats.ts"

/** The counters of rejected updates, of all xDS types: a regular expression for the parameter `filter` of Envoy's `/stats`. */
export const rejectedFilter = "\\.update_rejected$"

/** Subscriptions that are followed, at most: each is named in the next request. */
const longestList = 200

/** Listeners and clusters come first: there may be an endpoint subscription for each of many clusters. */
const rank = ({ subscription }: UpdateCounters) => (/^(listener|cluster)_manager\./.test(subscription) ? 0 : 1)

/** The subscriptions to follow, of those with a rejected update. */
export const followedOf = (rejecting: ReadonlyArray<UpdateCounters>): ReadonlyArray<UpdateCounters> =>
  rejecting.toSorted((a, b) => rank(a) - rank(b)).slice(0, longestList)

const escaped = (name: string) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** All counters of these subscriptions, so that they are of one moment. */
export const countersFilter = (subscriptions: ReadonlyArray<UpdateCounters>): string =>
  `^(${subscriptions.map(({ subscription }) => escaped(subscription)).join("|")})\\.update_(success|rejected|time)$`

const fieldOf = { success: "accepted", rejected: "rejected", time: "acceptedAt" } as const

/** Reads the counters of each subscription; one that is missing is 0. */
export const toUpdateCounters = ({ stats }: StatsJson): ReadonlyArray<UpdateCounters> => {
  const found = new Map<string, UpdateCounters>()
  for (const { name = "", value } of stats) {
    const end = name.lastIndexOf(".update_")
    const kind = name.slice(end + ".update_".length)
    if (end === -1 || typeof value !== "number") continue
    if (kind !== "success" && kind !== "rejected" && kind !== "time") continue
    const subscription = name.slice(0, end)
    const known = found.get(subscription) ?? { subscription, accepted: 0, rejected: 0, acceptedAt: 0 }
    found.set(subscription, { ...known, [fieldOf[kind]]: value })
  }
  return [...found.values()]
}
