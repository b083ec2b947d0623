import { makeAdminAnswers } from "./adminAnswers.ts"
import { makeAdminServer } from "./adminServer.ts"
import { type AdsClient, makeAdsClient } from "./adsClient.ts"
import { readBootstrap } from "./bootstrapFacts.ts"
import { makeClusterManager } from "./clusterManager.ts"
import { readCommandLine } from "./commandLine.ts"
import type { EnvoyModel, EnvoyOptions, Exit, ServerState, Truth } from "./EnvoyModel.ts"
import { makeEnvoyLog } from "./envoyLog.ts"
import type { EnvoyFaults } from "./faults.ts"
import { makeListenerManager } from "./listenerManager.ts"
import { type Loggers, makeLoggers } from "./loggers.ts"
import { makeMainThread } from "./mainThread.ts"
import { makePorts } from "./ports.ts"
import { defineAdminStats, defineProcessStats, defineWorkerStats, showAdmin, showProcess } from "./processStats.ts"
import { endedBy, fatalSignals } from "./signals.ts"
import { adsStats, subscriptionStats } from "./statNames.ts"
import { makeStats } from "./stats.ts"
import { makeTraffic } from "./traffic.ts"

/** Milliseconds of a start, as measured: until the program runs, its admin listens, and its main thread begins to answer. */
const startTimes = { program: 30, admin: 10, dispatch: 2 }
/** Between two flushes of the stats, after which gauges of the process and histograms show what they have. */
const flushInterval = 5000
const firstDay = Date.UTC(2026, 0, 1)

/**
 * One process "envoy" as it is started: its address, listeners and control plane come from its arguments and bootstrap. It shows
 * what a real one shows, at the times at which a real one does; test/simulation/traces holds it to that.
 */
export const makeEnvoy = (options: EnvoyOptions): EnvoyModel => {
  const { bootstrap, controlPlane, output, pid, timeline } = options
  const { ports = makePorts(), random, slowness = 1, wallClock = () => firstDay + timeline.now() } = options
  const owner = {}
  const line = readCommandLine(options.arguments)
  const facts = readBootstrap(bootstrap)
  /** Two Envoys with hot restart may not have the same. */
  const domainSocket = `@envoy_domain_socket_${line.baseId}_${line.restartEpoch}`
  const startedAt = timeline.now()
  const exitListeners: Array<(exit: Exit) => void> = []
  let exit: Exit | undefined
  let phase: "loading" | "dispatching" | "ending" = "loading"
  let serverState: ServerState = "PRE_INITIALIZING"
  let failsHealthChecks = false
  let isStopped = false
  let dispatchedAt = startedAt
  let liveAt: number | undefined
  let lastFlush = 0
  let adminRequests = 0
  const drains: Array<Truth["drains"][number]> = []

  const timeNow = () => timeline.now()
  const flushNow = () => Math.floor((timeNow() - dispatchedAt) / flushInterval)
  let loggers: Loggers | undefined
  const theLoggers = () => {
    loggers ??= makeLoggers(line.level, (text) => log("info", "misc", text))
    return loggers
  }
  const log = makeEnvoyLog({ loggers: theLoggers, output, pid, wallClock })
  /** Loads the program and its configuration; then the main thread takes over. */
  const loader = makeMainThread(timeline)
  const thread = makeMainThread(timeline)
  thread.stop()

  const stats = makeStats()
  let ads: AdsClient | undefined
  const clusters = makeClusterManager({ ads: () => ads, stats, wallClock })
  const listeners = makeListenerManager({
    ads: () => ads,
    concurrency: line.concurrency,
    drainTime: line.drainTime * 1000,
    log,
    owner,
    ports,
    stats,
    thread,
    timeNow,
    wallClock
  })
  const traffic = makeTraffic({
    concurrency: line.concurrency,
    flushNow,
    listeners,
    random: random.fork("traffic"),
    stats,
    timeline
  })

  const stateNow = (): ServerState => (failsHealthChecks ? "DRAINING" : serverState)

  // --- The end -----------------------------------------------------------------------------------------------------------------

  const finish = (how: Exit) => {
    if (exit !== undefined) return
    exit = how
    ads?.settle()
    traffic.end()
    ads?.close()
    loader.end()
    thread.end()
    listeners.close()
    if (facts.admin !== undefined) ports.release(facts.admin, owner)
    ports.release(domainSocket, owner)
    server.end()
    for (const listener of exitListeners) listener(how)
  }

  /** An error that ends a start, in Envoy's words. */
  const failStart = (problem: string) => {
    log("critical", "main", `error \`${problem}\` initializing config '  ${line.configPath}'`)
    log("info", "main", "exiting")
    output(problem, "stderr")
    finish({ _tag: "Code", code: 1 })
  }

  const shutDown = (words?: string) => {
    if (phase === "ending") return
    phase = "ending"
    if (words !== undefined) log("warning", "main", words)
    log("info", "main", "shutting down server instance")
    log("info", "main", "main dispatch loop exited")
    thread.spend(3 + 2 * random.next())
    thread.run(() => {
      log("info", "main", "exiting")
      finish({ _tag: "Code", code: 0 })
    })
  }

  const crash = (words: string, signal: string) => {
    if (exit !== undefined || phase === "ending") return
    phase = "ending"
    thread.stop()
    loader.stop()
    log("critical", "backtrace", `Caught ${words}, suspect faulting address 0x${(pid * 16).toString(16)}`)
    log("critical", "backtrace", "Backtrace (use tools/stack_decode.py to get line numbers):")
    timeline.after(10, () => {
      for (let frame = 0; frame < 4; frame += 1) log("critical", "backtrace", `#${frame}: [0x55f0${frame}8e4c368]`)
      finish(endedBy(signal))
    })
  }

  // --- The admin ---------------------------------------------------------------------------------------------------------------

  /** Brings all stats up to date with what has happened since the last look. */
  const settle = () => {
    ads?.settle()
    traffic.settle()
    showAdmin(stats, adminRequests)
    const flush = flushNow()
    if (flush === lastFlush) return
    lastFlush = flush
    stats.flush(flush)
    show(Math.floor((flush * flushInterval + dispatchedAt - startedAt) / 1000))
  }

  const memory = () => 5_900_000 + 200_000 * clusters.list().length

  const show = (uptime: number) =>
    showProcess(stats, { state: stateNow(), uptime, memory: memory(), connections: traffic.connections() })

  const answer = makeAdminAnswers({
    clusters,
    drain: (request) => {
      drains.push({ ...request, at: timeNow() })
      listeners.drain(request)
    },
    failHealthChecks: (fails) => {
      failsHealthChecks = fails
    },
    line,
    listeners,
    log,
    loggers: theLoggers,
    memory,
    quit: () => thread.after(0, () => shutDown()),
    settle,
    state: stateNow,
    stats,
    uptime: () => timeNow() - startedAt
  })

  const server = makeAdminServer({
    answer: (request) => {
      adminRequests += 1
      return answer(request)
    },
    random: random.fork("admin"),
    thread,
    timeline
  })

  // --- The start ---------------------------------------------------------------------------------------------------------------

  const goLive = () => {
    log("info", "config", "all dependencies initialized. starting workers")
    serverState = "LIVE"
    liveAt = timeNow()
    defineWorkerStats(stats, line.concurrency)
    listeners.startWorkers()
    stats.record("server.initialization_time_ms", Math.round(liveAt - startedAt), 1, flushNow())
    show(Math.floor((liveAt - startedAt) / 1000))
  }

  /** Once all clusters are there: listeners, then LIVE. */
  const initialize = () => {
    log("info", "main", "all clusters initialized. initializing init manager")
    serverState = "INITIALIZING"
    if (ads === undefined || facts.ads?.usesLds !== true) return listeners.whenInitialized(goLive)
    ads.subscribe({
      kind: "listeners",
      prefix: "listener_manager.lds",
      fetchTimeout: facts.ads.ldsTimeout,
      take: (resources, version) => (listeners.apply(resources.listeners ?? [], version) ? "accepted" : "rejected"),
      onRepeated: listeners.repeat,
      onInitialized: () => listeners.whenInitialized(goLive)
    })
  }

  const startAds = () => {
    if (facts.ads === undefined || ads === undefined) return initialize()
    const { cdsTimeout, usesCds } = facts.ads
    const subscribeClusters = () =>
      ads?.subscribe({
        kind: "clusters",
        prefix: "cluster_manager.cds",
        fetchTimeout: cdsTimeout,
        take: (resources) => {
          const problems = clusters.apply(resources.clusters ?? [])
          for (const problem of problems) log("warning", "config", `Error adding/updating cluster(s) ${problem}`)
          return problems.length === 0 ? "accepted" : "rejected"
        },
        onRepeated: clusters.repeat,
        onInitialized: () => clusters.whenWarm(initialize)
      })
    // Clusters of the bootstrap get their endpoints before Envoy asks for others.
    clusters.startStatic()
    clusters.whenWarm(usesCds ? subscribeClusters : initialize)
    ads.start()
  }

  const dispatch = () => {
    log("info", "main", "starting main dispatch loop")
    phase = "dispatching"
    dispatchedAt = timeNow()
    stats.set("server.live", 1)
    startAds()
    if (!isStopped) thread.resume()
  }

  const loadConfiguration = () => {
    defineProcessStats(stats, line.concurrency)
    if (facts.admin !== undefined) {
      defineAdminStats(stats)
      log("info", "main", `Starting admin HTTP server at ${facts.admin}`)
      if (!ports.claim(facts.admin, owner)) return failStart(`cannot bind '${facts.admin}': Address already in use`)
      server.listen()
    }
    clusters.addStatic(facts.clusters)
    const problem = listeners.addStatic(facts.listeners)
    if (problem !== undefined) return failStart(problem)
    if (facts.ads !== undefined) {
      stats.defineGroup(adsStats)
      if (facts.ads.usesCds) stats.defineGroup(subscriptionStats, "cluster_manager.cds.")
      if (facts.ads.usesLds) stats.defineGroup(subscriptionStats, "listener_manager.lds.")
      ads = makeAdsClient({
        controlPlane,
        facts: facts.ads,
        flushNow,
        log,
        random: random.fork("ads"),
        stats,
        thread,
        timeNow,
        wallClock
      })
    }
    loader.after(startTimes.dispatch * slowness, dispatch)
  }

  const spread = () => slowness * (0.9 + 0.5 * random.next())
  loader.after(startTimes.program * spread(), () => {
    if (line.problem !== undefined) {
      output(line.problem, "stderr")
      return finish({ _tag: "Code", code: 1 })
    }
    const { baseId, isHotRestartDisabled, restartEpoch } = line
    if (!isHotRestartDisabled && !ports.claim(domainSocket, owner)) {
      const words = `base_id=${10 * baseId}, id=${restartEpoch}, errno=98`
      output(`unable to bind domain socket with ${words} (see --base-id option)`, "stderr")
      return finish({ _tag: "Code", code: 1 })
    }
    const version = isHotRestartDisabled ? "disabled" : "11.104"
    log("info", "main", `initializing epoch ${restartEpoch} (base id=${baseId}, hot restart version=${version})`)
    loader.after(startTimes.admin * spread(), loadConfiguration)
  })

  // --- Signals -----------------------------------------------------------------------------------------------------------------

  const resume = () => {
    if (!isStopped) return
    isStopped = false
    traffic.resume()
    loader.resume()
    if (phase !== "loading") thread.resume()
  }

  /** Signals that Envoy handles once its main thread runs; before, they have their default effect. */
  const handled: Readonly<Record<string, () => void>> = {
    SIGTERM: () => shutDown("caught ENVOY_SIGTERM"),
    SIGINT: () => shutDown("caught SIGINT"),
    SIGUSR1: () => log("info", "main", "caught SIGUSR1. Reopening access logs."),
    SIGHUP: () => log("warning", "main", "caught and eating SIGHUP. See documentation for how to hot restart.")
  }

  const signal = (name: string) => {
    if (exit !== undefined) return
    switch (name) {
      case "SIGKILL":
        return finish(endedBy(name))
      case "SIGSTOP":
      case "SIGTSTP":
        if (isStopped) return
        isStopped = true
        traffic.pause()
        thread.stop()
        return loader.stop()
      case "SIGCONT":
        return resume()
      case "SIGCHLD":
      case "SIGPIPE":
      case "SIGWINCH":
        return
    }
    const deliver = () => {
      if (exit !== undefined) return
      const handler = phase === "loading" ? undefined : handled[name]
      if (handler !== undefined) return thread.run(handler)
      const words = fatalSignals[name]
      if (words !== undefined) return crash(words, name)
      finish(endedBy(name))
    }
    // A stopped process gets it when it goes on.
    if (isStopped) loader.run(deliver)
    else deliver()
  }

  const faults: EnvoyFaults = {
    admin: (fault, matches = () => true) => server.addFault(fault, matches),
    hangMainThread: (duration) => thread.run(() => thread.spend(duration)),
    answersTake: server.answersTake,
    crash: (how) => signal(how === "segmentation fault" ? "SIGSEGV" : how === "abort" ? "SIGABRT" : "SIGKILL"),
    exit: (code) => finish({ _tag: "Code", code }),
    print: (text, to = "stderr") => {
      if (exit === undefined) output(text, to)
    }
  }

  const truth = (): Truth => {
    if (phase !== "loading" && exit === undefined) settle()
    return {
      process:
        exit !== undefined ? "ended" : isStopped ? "stopped by a signal" : phase === "loading" ? "starting" : "running",
      startedAt,
      liveAt,
      state: stateNow(),
      isAdminListening: server.isListening(),
      logLevel: theLoggers().level(),
      usesAds: facts.ads !== undefined,
      reportsConnected: stats.value("control_plane.connected_state") === 1,
      isConnected: exit === undefined && (ads?.isConnected() ?? false),
      subscriptions: ads?.subscriptions() ?? [],
      listeners: listeners.list().map(({ resource, source, state }) => ({
        name: resource.name,
        address: resource.address,
        direction: resource.direction ?? "UNSPECIFIED",
        source,
        state
      })),
      clusters: clusters.list().map(({ resource }) => resource.name),
      drains,
      connections: traffic.connections(),
      activeRequests: traffic.activeRequests(),
      stat: stats.value
    }
  }

  return {
    pid,
    exit: () => exit,
    onExit: (listener) => {
      if (exit === undefined) exitListeners.push(listener)
      else listener(exit)
    },
    signal,
    admin: server.request,
    truth,
    adminAddress: facts.admin ?? "",
    faults,
    traffic
  }
}
