import type { AdsClient } from "./adsClient.ts"
import type { TrueListener } from "./EnvoyModel.ts"
import type { MainThread } from "./mainThread.ts"
import type { Ports } from "./ports.ts"
import type { ListenerResource, Resources } from "./resources.ts"
import { httpStats, listenerStats, responseStats, routerStats, tcpStats } from "./statNames.ts"
import type { Stats } from "./stats.ts"

export interface Listener {
  readonly resource: ListenerResource
  readonly source: "static" | "dynamic"
  state: TrueListener["state"]
  readonly version: string
}

export interface DrainRequest {
  readonly graceful: boolean
  readonly skipExit: boolean
  readonly inboundOnly: boolean
}

/** What Envoy keeps of a listener that it could not take. */
export interface ListenerProblem {
  readonly name: string
  readonly words: string
  at: number
  readonly isUnprintable: boolean
  readonly isBind: boolean
}

export interface ListenerManager {
  /** Answers why a listener of the bootstrap cannot listen; undefined where all can. */
  readonly addStatic: (listeners: ReadonlyArray<ListenerResource>) => string | undefined
  /** Takes all listeners of an update. Answers whether it accepts all of them. */
  readonly apply: (listeners: ReadonlyArray<ListenerResource>, version: string) => boolean
  /** The rejected update came so many times more. */
  readonly repeat: (times: number) => void
  readonly startWorkers: () => void
  readonly drain: (request: DrainRequest) => void
  readonly problems: () => ReadonlyArray<ListenerProblem>
  readonly list: () => ReadonlyArray<Listener>
  /** The listener that accepts connections at an address or under a name. */
  readonly accepting: (nameOrAddress: string) => Listener | undefined
  /** The chance that a response closes its connection, since its listener is being drained. */
  readonly closeChance: (listener: Listener) => number
  readonly whenInitialized: (action: () => void) => void
  readonly close: () => void
}

/** As it stands in the names of stats. */
export const statAddress = (address: string) => address.replaceAll(":", "_")

const isSame = (a: ListenerResource, b: ListenerResource) =>
  a.address === b.address && a.revision === b.revision && a.routes === b.routes && a.direction === b.direction

export const makeListenerManager = ({
  ads,
  concurrency,
  drainTime,
  log,
  owner,
  ports,
  stats,
  thread,
  timeNow,
  wallClock
}: {
  readonly ads: () => AdsClient | undefined
  readonly concurrency: number
  /** Milliseconds. */
  readonly drainTime: number
  readonly log: (level: "error" | "warning" | "info", logger: string, text: string) => void
  readonly owner: object
  readonly ports: Ports
  readonly stats: Stats
  readonly thread: MainThread
  readonly timeNow: () => number
  readonly wallClock: () => number
}): ListenerManager => {
  let listeners: Array<Listener> = []
  let problems: Array<ListenerProblem> = []
  let areWorkersStarted = false
  let whenInitialized: (() => void) | undefined
  /** Routes that have come, by name. */
  const routes = new Set<string>()
  const drainingSince = new Map<Listener, number>()

  const count = () => {
    const number = (state: Listener["state"]) => listeners.filter((one) => one.state === state).length
    stats.set("listener_manager.total_listeners_active", number("active") + number("stopped"))
    stats.set("listener_manager.total_listeners_warming", number("warming"))
  }
  const countDraining = (by: number) => stats.add("listener_manager.total_listeners_draining", by, "gauge")

  const define = ({ address, protocol, statPrefix }: ListenerResource) => {
    const prefix = `listener.${statAddress(address)}.`
    for (let worker = 0; worker < concurrency; worker += 1) stats.defineGroup(listenerStats, prefix, worker)
    if (protocol === "tcp") return stats.defineGroup(tcpStats, `tcp.${statPrefix}.`)
    stats.defineGroup(httpStats, `http.${statPrefix}.`)
    stats.defineGroup(routerStats, `http.${statPrefix}.`)
    stats.defineGroup(responseStats, `${prefix}http.${statPrefix}.`)
  }

  const isWaiting = ({ resource }: Listener) => resource.routes !== undefined && !routes.has(resource.routes)

  const checkInitialized = () => {
    if (whenInitialized === undefined || listeners.some(isWaiting)) return
    const action = whenInitialized
    whenInitialized = undefined
    action()
  }

  const forget = (listener: Listener) => {
    listeners = listeners.filter((one) => one !== listener)
    const { address } = listener.resource
    if (!listeners.some(({ resource }) => resource.address === address)) ports.release(address, owner)
  }

  const drainAway = (listener: Listener) => {
    listener.state = "draining"
    drainingSince.set(listener, timeNow())
    countDraining(1)
    listeners = listeners.filter((one) => one !== listener)
    const { address } = listener.resource
    if (!listeners.some(({ resource }) => resource.address === address)) ports.release(address, owner)
    thread.after(drainTime, () => {
      drainingSince.delete(listener)
      countDraining(-1)
    })
  }

  /** The workers begin to listen, or cannot. */
  const activate = (listener: Listener) => {
    if (listener.resource.failsLate === true) {
      stats.add("listener_manager.listener_create_failure")
      log(
        "error",
        "config",
        `listener '${listener.resource.name}' failed to listen on address '${listener.resource.address}'`
      )
      forget(listener)
      return count()
    }
    for (const other of listeners) {
      if (other !== listener && other.resource.name === listener.resource.name) drainAway(other)
    }
    listener.state = "active"
    stats.add("listener_manager.listener_create_success", concurrency)
    count()
  }

  const routesCame = (name: string) => {
    routes.add(name)
    if (areWorkersStarted) {
      for (const listener of listeners.filter(
        ({ resource, state }) => state === "warming" && resource.routes === name
      )) {
        activate(listener)
      }
    }
    checkInitialized()
  }

  const subscribeRoutes = ({ routes: name, routesTimeout = 15_000, statPrefix }: ListenerResource) => {
    if (name === undefined) return
    const take = (resources: Resources) => {
      const found = resources.routes?.find((one) => one.name === name)
      if (found === undefined) return "not concerned"
      return found.problem === undefined ? "accepted" : "rejected"
    }
    ads()?.subscribe({
      kind: "routes",
      prefix: `http.${statPrefix}.rds.${name}`,
      resource: name,
      fetchTimeout: routesTimeout,
      take,
      onInitialized: () => routesCame(name)
    })
  }

  const bind = (resource: ListenerResource): string | undefined => {
    if (ports.claim(resource.address, owner)) return undefined
    return `cannot bind '${resource.address}': Address already in use`
  }

  const add = (
    resource: ListenerResource,
    source: Listener["source"],
    version: string,
    replaced: Listener | undefined
  ) => {
    define(resource)
    const listener: Listener = { resource, source, version, state: areWorkersStarted ? "warming" : "active" }
    listeners.push(listener)
    stats.add(`listener_manager.listener_${replaced === undefined ? "added" : "modified"}`)
    if (resource.routes !== undefined && !routes.has(resource.routes)) subscribeRoutes(resource)
    if (!areWorkersStarted) {
      if (replaced !== undefined) listeners = listeners.filter((one) => one !== replaced)
    } else if (!isWaiting(listener)) activate(listener)
    count()
  }

  /** Of a direction that was stopped, Envoy takes no listener any more: it accepts the update, and leaves that out. */
  let stopped: "none" | "inbound" | "all" = "none"
  const isStopped = ({ direction }: ListenerResource) =>
    stopped === "all" || (stopped === "inbound" && direction === "INBOUND")

  const stop = (request: DrainRequest) => {
    if (!request.inboundOnly) stopped = "all"
    else if (stopped === "none") stopped = "inbound"
    for (const listener of listeners) {
      if (listener.state !== "active" || (request.inboundOnly && listener.resource.direction !== "INBOUND")) continue
      listener.state = "stopped"
      ports.release(listener.resource.address, owner)
      stats.add("listener_manager.listener_stopped")
    }
  }

  return {
    addStatic: (added) => {
      for (const resource of added) {
        const problem = resource.problem ?? bind(resource)
        if (problem !== undefined) {
          log("error", "config", `listener '${resource.name}' failed to bind or apply socket options: ${problem}`)
          return problem
        }
        add(resource, "static", "", undefined)
      }
      return undefined
    },
    apply: (wanted, version) => {
      problems = []
      for (const listener of listeners.filter(({ source }) => source === "dynamic")) {
        if (wanted.some(({ name }) => name === listener.resource.name)) continue
        stats.add("listener_manager.listener_removed")
        if (listener.state === "active" && areWorkersStarted) drainAway(listener)
        else forget(listener)
      }
      for (const resource of wanted) {
        if (isStopped(resource)) continue
        const known = listeners.findLast(({ resource: { name } }) => name === resource.name)
        if (known !== undefined && resource.problem === undefined && isSame(known.resource, resource)) continue
        const isTaken = known?.resource.address !== resource.address
        const words = resource.problem ?? (isTaken ? bind(resource) : undefined)
        if (words === undefined) {
          add(resource, "dynamic", version, known)
          continue
        }
        const isBind = words.startsWith("cannot bind")
        if (isBind) {
          stats.add("listener_manager.listener_create_failure")
          log("error", "config", `listener '${resource.name}' failed to bind or apply socket options: ${words}`)
        }
        const isUnprintable = resource.isUnprintable === true
        problems.push({ name: resource.name, words, at: wallClock(), isUnprintable, isBind })
        log("warning", "config", `Error adding/updating listener(s) ${resource.name}: ${words}`)
      }
      count()
      checkInitialized()
      return problems.length === 0
    },
    repeat: (times) => {
      for (const problem of problems) {
        problem.at = wallClock()
        if (problem.isBind) stats.add("listener_manager.listener_create_failure", times)
      }
    },
    startWorkers: () => {
      areWorkersStarted = true
      for (const listener of [...listeners]) activate(listener)
      stats.set("listener_manager.workers_started", 1)
      count()
    },
    drain: (request) => {
      // A drain that stops listeners at once tells the clients of open connections to close them, too.
      for (const listener of listeners) {
        if (request.inboundOnly && listener.resource.direction !== "INBOUND") continue
        if (!drainingSince.has(listener)) drainingSince.set(listener, timeNow())
      }
      if (request.skipExit) return
      if (request.graceful) thread.after(drainTime, () => stop(request))
      else stop(request)
    },
    problems: () => problems,
    list: () => listeners,
    accepting: (nameOrAddress) => {
      if (!areWorkersStarted) return undefined
      const isMeant = ({ resource }: Listener) => resource.name === nameOrAddress || resource.address === nameOrAddress
      return listeners.find((one) => one.state === "active" && isMeant(one))
    },
    closeChance: (listener) => {
      const since = drainingSince.get(listener)
      if (since === undefined) return 0
      return drainTime === 0 ? 1 : Math.min(1, (timeNow() - since) / drainTime)
    },
    whenInitialized: (action) => {
      whenInitialized = action
      checkInitialized()
    },
    close: () => {
      for (const { resource } of listeners) ports.release(resource.address, owner)
    }
  }
}
