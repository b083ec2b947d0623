import type { Randomness, Timeline } from "../engine/types.ts"
import { type Listener, type ListenerManager, statAddress } from "./listenerManager.ts"
import type { Stats } from "./stats.ts"

/** `upgrade` is a connection of HTTP/1.1 that has become something else, as a WebSocket: no response ends it. */
export type ConnectionKind = "http1" | "http2" | "upgrade" | "tcp"

export interface Connection {
  readonly kind: ConnectionKind
  readonly isOpen: () => boolean
  /** Sends a request whose response ends after so many milliseconds. False where the connection is closed. */
  readonly request: (duration: number) => boolean
  /** The client closes it. */
  readonly close: () => void
}

export interface ClientHabits {
  /** Whether it closes a connection of HTTP/1.1 when it is told so, as by default. Envoy waits for that, but not for ever. */
  readonly obeysClose?: boolean
}

/** Bytes. */
const requestSize = 60
const responseSize = 136

/** How long Envoy waits for a client that was told to close its connection: its drain time-out, and a delayed close. */
const closeTimeout = 6000

/** What clients do with an Envoy. */
export interface Traffic {
  /** Undefined where nothing accepts connections under this name or at this address. */
  readonly connect: (listener: string, kind: ConnectionKind, client?: ClientHabits) => Connection | undefined
  /**
   * So many requests a second, each on a connection of its own, each as long as `duration` (ms). Costs nothing while nobody looks.
   * Answers a function that ends it.
   */
  readonly flow: (listener: string, perSecond: number, duration?: number) => () => void
  /** A request that stays active at a cluster, as a stream that is forwarded. Answers a function that ends it. */
  readonly occupy: (cluster: string) => () => void
}

export interface TrafficSide extends Traffic {
  /** Brings the counters up to date with what has flowed. */
  readonly settle: () => void
  readonly connections: () => number
  readonly activeRequests: () => number
  /** The process does nothing from here on, or goes on. */
  readonly pause: () => void
  readonly resume: () => void
  /** All connections break. */
  readonly end: () => void
}

interface Open {
  readonly connection: Connection
  readonly shut: (by: "local" | "remote") => void
}

interface Flow {
  readonly listener: string
  readonly perSecond: number
  readonly duration: number
  /** Up to when it is counted, and the part of a request that is not. */
  countedTo: number
  rest: number
}

export const makeTraffic = ({
  concurrency,
  flushNow,
  listeners,
  random,
  stats,
  timeline
}: {
  readonly concurrency: number
  readonly flushNow: () => number
  readonly listeners: ListenerManager
  readonly random: Randomness
  readonly stats: Stats
  readonly timeline: Timeline
}): TrafficSide => {
  const open = new Set<Open>()
  const flows = new Set<Flow>()
  let activeRequests = 0
  let hasEnded = false
  let pausedAt: number | undefined
  /** Responses that were due while the process was stopped. */
  let late: Array<() => void> = []
  /** Requests of flows that count as active now. */
  let flowing = 0

  const prefixes = ({ resource: { address, statPrefix, protocol } }: Listener) => ({
    listener: `listener.${statAddress(address)}`,
    protocol: `${protocol}.${statPrefix}`
  })

  const opened = (listener: Listener, kind: ConnectionKind, worker: number, times: number) => {
    const prefix = prefixes(listener)
    stats.add(`${prefix.listener}.downstream_cx_total`, times)
    stats.add(`${prefix.listener}.worker_${worker}.downstream_cx_total`, times)
    stats.add(`${prefix.protocol}.downstream_cx_total`, times)
    stats.record(`${prefix.listener}.connections_accepted_per_socket_event`, 1, times, flushNow())
    if (kind !== "tcp") stats.add(`${prefix.protocol}.downstream_cx_http${kind === "http2" ? 2 : 1}_total`, times)
  }

  const countOpen = (listener: Listener, kind: ConnectionKind, worker: number, by: number) => {
    const prefix = prefixes(listener)
    const add = (name: string) => stats.add(name, by, "gauge")
    add(`${prefix.listener}.downstream_cx_active`)
    add(`${prefix.listener}.worker_${worker}.downstream_cx_active`)
    if (kind === "tcp") return
    add(`${prefix.protocol}.downstream_cx_active`)
    add(`${prefix.protocol}.downstream_cx_http${kind === "http2" ? 2 : 1}_active`)
  }

  const closed = (listener: Listener, kind: ConnectionKind, by: "local" | "remote", lasted: number, times: number) => {
    const prefix = prefixes(listener)
    stats.add(`${prefix.listener}.downstream_cx_destroy`, times)
    stats.record(`${prefix.listener}.downstream_cx_length_ms`, lasted, times, flushNow())
    if (kind === "tcp") return
    stats.add(`${prefix.protocol}.downstream_cx_destroy`, times)
    stats.add(`${prefix.protocol}.downstream_cx_destroy_${by}`, times)
    stats.record(`${prefix.protocol}.downstream_cx_length_ms`, lasted, times, flushNow())
  }

  const requested = (listener: Listener, version: 1 | 2, times: number) => {
    const prefix = prefixes(listener)
    stats.add(`${prefix.protocol}.downstream_rq_total`, times)
    stats.add(`${prefix.protocol}.downstream_rq_http${version}_total`, times)
    stats.add(`${prefix.protocol}.rq_total`, times)
    stats.add(`${prefix.protocol}.downstream_cx_rx_bytes_total`, times * requestSize)
  }

  const responded = (listener: Listener, lasted: number, times: number) => {
    const prefix = prefixes(listener)
    for (const name of ["downstream_rq_2xx", "downstream_rq_completed"]) {
      stats.add(`${prefix.protocol}.${name}`, times)
      stats.add(`${prefix.listener}.http.${listener.resource.statPrefix}.${name}`, times)
    }
    stats.add(`${prefix.protocol}.downstream_cx_tx_bytes_total`, times * responseSize)
    stats.record(`${prefix.protocol}.downstream_rq_time`, lasted, times, flushNow())
  }

  const settleFlow = (flow: Flow) => {
    const now = pausedAt ?? timeline.now()
    const due = ((now - flow.countedTo) * flow.perSecond) / 1000 + flow.rest
    flow.countedTo = now
    const listener = listeners.accepting(flow.listener)
    if (listener === undefined || hasEnded) return
    const times = Math.floor(due)
    flow.rest = due - times
    if (times === 0) return
    const share = Math.floor(times / concurrency)
    for (let worker = 0; worker < concurrency; worker += 1) {
      opened(listener, "http1", worker, worker === 0 ? times - share * (concurrency - 1) : share)
    }
    requested(listener, 1, times)
    responded(listener, flow.duration, times)
    closed(listener, "http1", "remote", flow.duration, times)
  }

  const settle = () => {
    for (const flow of flows) settleFlow(flow)
    flowing = 0
    for (const { duration, listener, perSecond } of flows) {
      if (!hasEnded && listeners.accepting(listener) !== undefined) flowing += Math.floor((perSecond * duration) / 1000)
    }
  }

  const connect: Traffic["connect"] = (name, kind, { obeysClose = true } = {}) => {
    const listener = listeners.accepting(name)
    if (listener === undefined || hasEnded || pausedAt !== undefined) return undefined
    const prefix = prefixes(listener)
    const since = timeline.now()
    let isOpen = true
    let requests = 0
    let isToldToClose = false
    const worker = random.integer(0, concurrency - 1)
    opened(listener, kind, worker, 1)
    countOpen(listener, kind, worker, 1)
    const countRequest = (by: number) => {
      requests += by
      activeRequests += by
      stats.add(`${prefix.protocol}.downstream_rq_active`, by, "gauge")
    }
    const shut = (by: "local" | "remote") => {
      if (!isOpen) return
      isOpen = false
      open.delete(one)
      if (requests > 0) {
        stats.add(`${prefix.protocol}.downstream_rq_rx_reset`, requests)
        countRequest(-requests)
      }
      if (kind === "upgrade") stats.add(`${prefix.protocol}.downstream_cx_upgrades_active`, -1, "gauge")
      countOpen(listener, kind, worker, -1)
      closed(listener, kind, by, timeline.now() - since, 1)
    }
    const respond = (begun: number) => {
      const lasted = timeline.now() - begun
      if (!isOpen) return
      // A process that is stopped answers when it goes on.
      if (pausedAt !== undefined) return void late.push(() => respond(begun))
      countRequest(-1)
      responded(listener, lasted, 1)
      if (isToldToClose || !random.chance(listeners.closeChance(listener))) return
      // HTTP/2 is told to go away, and closes once no request is left.
      if (kind === "http2" && requests > 0) return
      isToldToClose = true
      stats.add(`${prefix.protocol}.downstream_cx_drain_close`)
      if (kind === "http2") return shut("remote")
      if (obeysClose) return void timeline.after(1, () => shut("remote"))
      timeline.after(closeTimeout, () => {
        if (isOpen) stats.add(`${prefix.protocol}.downstream_cx_delayed_close_timeout`)
        shut("local")
      })
    }
    const connection: Connection = {
      kind,
      isOpen: () => isOpen,
      close: () => shut("remote"),
      request: (duration) => {
        if (!isOpen || kind === "tcp" || kind === "upgrade") return isOpen
        requested(listener, kind === "http2" ? 2 : 1, 1)
        countRequest(1)
        const begun = timeline.now()
        timeline.after(duration, () => respond(begun))
        return true
      }
    }
    const one: Open = { connection, shut }
    open.add(one)
    if (kind === "upgrade") {
      requested(listener, 1, 1)
      countRequest(1)
      stats.add(`${prefix.protocol}.downstream_rq_completed`)
      stats.add(`${prefix.listener}.http.${listener.resource.statPrefix}.downstream_rq_completed`)
      stats.add(`${prefix.protocol}.downstream_cx_upgrades_total`)
      stats.add(`${prefix.protocol}.downstream_cx_upgrades_active`, 1, "gauge")
    }
    return connection
  }

  return {
    connect,
    occupy: (cluster) => {
      let isActive = true
      stats.add(`cluster.${cluster}.upstream_rq_total`)
      stats.add(`cluster.${cluster}.upstream_rq_active`, 1, "gauge")
      return () => {
        if (isActive) stats.add(`cluster.${cluster}.upstream_rq_active`, -1, "gauge")
        isActive = false
      }
    },
    flow: (listener, perSecond, duration = 1) => {
      const flow: Flow = { listener, perSecond, duration, countedTo: timeline.now(), rest: 0 }
      flows.add(flow)
      return () => {
        settleFlow(flow)
        flows.delete(flow)
      }
    },
    settle,
    connections: () => open.size + flowing,
    activeRequests: () => activeRequests + flowing,
    pause: () => {
      settle()
      pausedAt = timeline.now()
    },
    resume: () => {
      pausedAt = undefined
      for (const flow of flows) flow.countedTo = timeline.now()
      const due = late
      late = []
      for (const respond of due) respond()
    },
    end: () => {
      settle()
      for (const { shut } of [...open]) shut("local")
      hasEnded = true
    }
  }
}
