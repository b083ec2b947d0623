import type { Randomness } from "../engine/types.ts"
import type { AdsFacts } from "./bootstrapFacts.ts"
import type { ControlPlane, XdsStream } from "./ControlPlane.ts"
import type { TrueSubscription } from "./EnvoyModel.ts"
import { makeGrpcChannel } from "./grpcChannel.ts"
import type { MainThread } from "./mainThread.ts"
import { type Kind, kinds, type Resources } from "./resources.ts"
import { subscriptionStats } from "./statNames.ts"
import type { Stats } from "./stats.ts"

/** What Envoy wants to know of one kind, under one prefix of counters. */
export interface Subscribing {
  readonly kind: Kind
  /** `listener_manager.lds`, `cluster.NAME`. */
  readonly prefix: string
  /** The one resource that it is about; undefined where it is about all of a kind. */
  readonly resource?: string
  /** Milliseconds until it is given up to wait for the first update; 0 waits for ever. */
  readonly fetchTimeout: number
  /** Takes an update: whether it concerns this subscription, and why it is rejected. */
  readonly take: (resources: Resources, version: string) => "accepted" | "rejected" | "not concerned"
  /** Called once: when the first update came, accepted or not, or the time was up. */
  readonly onInitialized: () => void
  /** Called for each time that a rejected update was sent once more. */
  readonly onRepeated?: (times: number) => void
}

interface Subscription extends Subscribing {
  isInitialized: boolean
  isLastRejected: boolean
  cancelTimeout: () => void
}

/** The one stream on which Envoy gets all configuration. */
export interface AdsClient {
  readonly start: () => void
  readonly subscribe: (wanted: Subscribing) => void
  readonly unsubscribe: (prefix: string) => void
  /** Brings the counters up to date with what came since. */
  readonly settle: () => void
  readonly isConnected: () => boolean
  readonly subscriptions: () => ReadonlyArray<TrueSubscription>
  readonly close: () => void
}

const firstBackOff = 500
const longestBackOff = 30_000

/** The hash that Envoy shows of a version, some number of 64 bits. */
const versionHash = (version: string): bigint => {
  let hash = 14_695_981_039_346_656_037n
  for (const letter of version)
    hash = BigInt.asUintN(64, (hash ^ BigInt(letter.codePointAt(0) ?? 0)) * 1_099_511_628_211n)
  return hash
}

export const makeAdsClient = ({
  controlPlane,
  facts,
  flushNow,
  log,
  random,
  stats,
  thread,
  timeNow,
  wallClock
}: {
  readonly controlPlane: ControlPlane
  readonly facts: AdsFacts
  readonly flushNow: () => number
  readonly log: (level: "warning" | "info", logger: string, text: string) => void
  readonly random: Randomness
  readonly stats: Stats
  readonly thread: MainThread
  readonly timeNow: () => number
  readonly wallClock: () => number
}): AdsClient => {
  const channel = makeGrpcChannel({ controlPlane, ...facts, random: random.fork("channel"), thread })
  const subscriptions = new Map<string, Subscription>()
  const storms = new Map<Kind, { readonly perSecond: number; readonly since: number; counted: number }>()
  let stream: XdsStream | undefined
  /** Grows with each attempt, so that what an earlier stream says is dropped. */
  let attempt = 0
  let backOff = firstBackOff
  let cancelKeepAlive = () => {}

  const ofKind = (kind: Kind) => [...subscriptions.values()].filter((one) => one.kind === kind)

  const request = (kind: Kind) => {
    const names = ofKind(kind).flatMap(({ resource }) => resource ?? [])
    stream?.request(kind, [...new Set(names)])
  }

  /** One request for all that is subscribed to or given up at once. */
  const changed = new Set<Kind>()
  const requestSoon = (kind: Kind) => {
    if (stream === undefined || changed.has(kind)) return
    changed.add(kind)
    thread.after(0, () => {
      changed.delete(kind)
      request(kind)
    })
  }

  const initialize = (subscription: Subscription) => {
    subscription.cancelTimeout()
    if (subscription.isInitialized) return
    subscription.isInitialized = true
    subscription.onInitialized()
  }

  const settleKind = (kind: Kind) => {
    const storm = storms.get(kind)
    if (storm === undefined) return
    const due = Math.floor(((timeNow() - storm.since) * storm.perSecond) / 1000)
    const times = due - storm.counted
    if (times <= 0) return
    storm.counted = due
    for (const subscription of ofKind(kind)) {
      if (!subscription.isLastRejected) continue
      stats.add(`${subscription.prefix}.update_rejected`, times)
      stats.add(`${subscription.prefix}.update_attempt`, times)
      subscription.onRepeated?.(times)
    }
  }

  const onUpdate = (kind: Kind, version: string, resources: Resources, names: ReadonlyArray<string>) => {
    backOff = firstBackOff
    settleKind(kind)
    storms.delete(kind)
    let isRejected = false
    for (const subscription of ofKind(kind)) {
      const { prefix, resource } = subscription
      if (resource !== undefined && !names.includes(resource)) continue
      const result = subscription.take(resources, version)
      if (result === "not concerned") continue
      stats.add(`${prefix}.update_attempt`)
      subscription.isLastRejected = result === "rejected"
      if (result === "rejected") {
        isRejected = true
        stats.add(`${prefix}.update_rejected`)
      } else {
        stats.add(`${prefix}.update_success`)
        stats.set(`${prefix}.update_time`, Math.round(wallClock()))
        stats.set(`${prefix}.version`, versionHash(version))
        stats.set(`${prefix}.version_text`, version)
        stats.record(`${prefix}.update_duration`, 0, 1, flushNow())
      }
      initialize(subscription)
    }
    if (isRejected) stream?.reject(kind)
  }

  const fail = (status: number) => {
    attempt += 1
    stream = undefined
    cancelKeepAlive()
    for (const kind of storms.keys()) settleKind(kind)
    storms.clear()
    stats.set("control_plane.connected_state", 0)
    stats.add(`grpc.${facts.statPrefix}.streams_closed_${status}`)
    for (const { prefix } of subscriptions.values()) {
      stats.add(`${prefix}.update_failure`)
      stats.add(`${prefix}.update_attempt`)
    }
    const reason = status === 14 ? "upstream connect error or disconnect/reset before headers" : "stream closed"
    log(
      "warning",
      "config",
      `DeltaAggregatedResources gRPC config stream to ${facts.statPrefix} closed: ${status}, ${reason}`
    )
    const pause = Math.floor(random.next() * backOff)
    backOff = backOff < longestBackOff / 2 ? backOff * 2 : longestBackOff
    thread.after(pause, connect)
  }

  /** A connection that nothing comes through is noticed only by the keep-alive. */
  const watchConnection = (own: number) => {
    const lookAgain = () => {
      if (own !== attempt) return
      cancelKeepAlive()
      if (controlPlane.reachability() !== "black hole" || facts.keepAlive === undefined) return
      cancelKeepAlive = thread.after(facts.keepAlive, () => {
        if (own !== attempt) return
        stream?.close()
        channel.disconnected()
        fail(14)
      })
    }
    const stopWatching = controlPlane.onReachability(() => {
      if (own === attempt) lookAgain()
      else stopWatching()
    })
  }

  const open = () => {
    const own = attempt
    /** The messages of a stream in their order, on Envoy's main thread. */
    const received = (action: () => void) =>
      thread.run(() => {
        if (own === attempt) action()
      })
    stream = controlPlane.open({
      onUpdate: (kind, version, resources, names) => received(() => onUpdate(kind, version, resources, names)),
      onRepeats: (kind, perSecond) => received(() => storms.set(kind, { perSecond, since: timeNow(), counted: 0 })),
      onEnd: (status) =>
        received(() => {
          if (controlPlane.reachability() === "away") channel.disconnected()
          fail(status)
        })
    })
    watchConnection(own)
    for (const kind of kinds) if (ofKind(kind).length > 0) request(kind)
  }

  const connect = () => {
    attempt += 1
    const own = attempt
    stats.add(`grpc.${facts.statPrefix}.streams_total`)
    // Envoy takes a stream for connected from here on, whether there is a connection or not.
    stats.set("control_plane.connected_state", 1)
    channel.call((isConnected) =>
      thread.after(0.1, () => {
        if (own !== attempt) return
        if (isConnected) open()
        else fail(14)
      })
    )
  }

  return {
    start: () => {
      stats.add(`grpc.${facts.statPrefix}.google_grpc_client_creation`)
      connect()
    },
    subscribe: (wanted) => {
      stats.defineGroup(subscriptionStats, `${wanted.prefix}.`)
      stats.add(`${wanted.prefix}.update_attempt`)
      const subscription: Subscription = {
        ...wanted,
        isInitialized: false,
        isLastRejected: false,
        cancelTimeout: () => {}
      }
      subscriptions.set(wanted.prefix, subscription)
      if (wanted.fetchTimeout > 0) {
        subscription.cancelTimeout = thread.after(wanted.fetchTimeout, () => {
          stats.add(`${wanted.prefix}.init_fetch_timeout`)
          stats.add(`${wanted.prefix}.update_attempt`)
          initialize(subscription)
        })
      }
      requestSoon(wanted.kind)
    },
    unsubscribe: (prefix) => {
      subscriptions.get(prefix)?.cancelTimeout()
      subscriptions.delete(prefix)
    },
    settle: () => {
      for (const kind of storms.keys()) settleKind(kind)
    },
    isConnected: () => stream !== undefined && controlPlane.reachability() === "serving",
    subscriptions: () =>
      [...subscriptions.values()].map(({ isLastRejected, prefix }) => ({
        name: prefix,
        accepted: stats.value(`${prefix}.update_success`) ?? 0,
        rejected: stats.value(`${prefix}.update_rejected`) ?? 0,
        isLastRejected
      })),
    close: () => {
      attempt += 1
      stream?.close()
      channel.close()
    }
  }
}
