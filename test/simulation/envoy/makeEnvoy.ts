import { adminHelp } from "./adminHelp.ts"
import { makeAdminServer } from "./adminServer.ts"
import { type AdsClient, makeAdsClient } from "./adsClient.ts"
import { readBootstrap } from "./bootstrapFacts.ts"
import { makeClusterManager } from "./clusterManager.ts"
import { readCommandLine } from "./commandLine.ts"
import { clustersAnswer, configDumpAnswer, listenersAnswer, memoryAnswer, serverInfoAnswer } from "./dumps.ts"
import type { AdminReply, AdminRequest, EnvoyModel, EnvoyOptions, Exit, ServerState, Truth } from "./EnvoyModel.ts"
import { makeEnvoyLog } from "./envoyLog.ts"
import type { EnvoyFaults } from "./faults.ts"
import { type DrainRequest, makeListenerManager } from "./listenerManager.ts"
import { type Loggers, makeLoggers } from "./loggers.ts"
import { makeMainThread } from "./mainThread.ts"
import { makePorts } from "./ports.ts"
import { parseTarget, type Query } from "./query.ts"
import { endedBy } from "./signals.ts"
import {
  adminListenerStats,
  adsStats,
  httpStats,
  processStats,
  responseStats,
  subscriptionStats,
  workerStats
} from "./statNames.ts"
import { makeStats } from "./stats.ts"
import { prometheusAnswer, statsAnswer } from "./statsAnswers.ts"
import { makeTraffic } from "./traffic.ts"

/** Milliseconds of a start, as measured: until the program runs, its admin listens, and its main thread begins to answer. */
const startTimes = { program: 30, admin: 10, dispatch: 2 }
/** Between two flushes of the stats, after which gauges of the process and histograms show what they have. */
const flushInterval = 5000
const firstDay = Date.UTC(2026, 0, 1)

const ok: AdminReply = { _tag: "Answer", status: 200, body: "OK\n" }

/** In the stat `server.state`. */
const stateNumbers: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3
}

/** Stats of the admin itself: all requests, those that have ended, and the one that asks. */
const adminTotals = [
  "http.admin.downstream_rq_total",
  "http.admin.downstream_rq_http1_total",
  "http.admin.downstream_cx_total",
  "http.admin.downstream_cx_http1_total",
  "listener.admin.downstream_cx_total",
  "listener.admin.main_thread.downstream_cx_total"
]
const adminEnded = [
  "http.admin.downstream_rq_2xx",
  "http.admin.downstream_rq_completed",
  "http.admin.downstream_cx_destroy",
  "http.admin.downstream_cx_destroy_local",
  "listener.admin.downstream_cx_destroy",
  "listener.admin.http.admin.downstream_rq_2xx",
  "listener.admin.http.admin.downstream_rq_completed"
]
const adminActive = [
  "http.admin.downstream_cx_active",
  "http.admin.downstream_cx_http1_active",
  "http.admin.downstream_rq_active",
  "listener.admin.downstream_cx_active",
  "listener.admin.main_thread.downstream_cx_active"
]

/** Gauges and counters that Envoy writes once. */
const constants: ReadonlyArray<readonly [string, number]> = [
  ["runtime.load_success", 2],
  ["runtime.num_keys", 0],
  ["runtime.num_layers", 1],
  ["runtime.override_dir_not_exists", 2],
  ["server.compilation_settings.fips_mode", 0],
  ["server.dynamic_unknown_fields", 0],
  ["server.static_unknown_fields", 0],
  ["server.wip_protos", 0],
  ["server.version", 10_376_576]
]

/** Signals at which Envoy prints where it was, in its words. */
const fatalSignals: Readonly<Record<string, string>> = {
  SIGSEGV: "Segmentation fault",
  SIGABRT: "Aborted",
  SIGBUS: "Bus error",
  SIGFPE: "Floating point exception",
  SIGILL: "Illegal instruction"
}

/** Requests that change something. */
const posts = ["/logging", "/drain_listeners", "/healthcheck/fail", "/healthcheck/ok", "/reopen_logs", "/quitquitquit"]

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
    for (const name of adminTotals) stats.set(name, adminRequests)
    for (const name of adminEnded) stats.set(name, adminRequests - 1)
    for (const name of adminActive) stats.set(name, 1)
    const flush = flushNow()
    if (flush === lastFlush) return
    lastFlush = flush
    stats.flush(flush)
    showProcess(Math.floor((flush * flushInterval + dispatchedAt - startedAt) / 1000))
  }

  const memory = () => 5_900_000 + 200_000 * clusters.list().length

  const showProcess = (uptime: number) => {
    stats.set("server.uptime", uptime)
    stats.set("server.state", stateNumbers[stateNow()])
    stats.set("server.live", stateNow() === "DRAINING" ? 0 : 1)
    stats.set("server.memory_allocated", memory())
    stats.set("server.total_connections", traffic.connections())
    stats.set("server.memory_heap_size", 2 * memory())
    stats.set("server.memory_physical_size", Math.round(2.2 * memory()))
    stats.set("server.days_until_first_cert_expiring", 4_294_967_295)
  }

  const drain = (query: Query) => {
    const request: DrainRequest = {
      graceful: query.has("graceful"),
      skipExit: query.has("skip_exit"),
      inboundOnly: query.has("inboundonly")
    }
    drains.push({ ...request, at: timeNow() })
    listeners.drain(request)
    return ok
  }

  const answer = ({ method, target }: AdminRequest): AdminReply => {
    const { path, query } = parseTarget(target)
    adminRequests += 1
    if (posts.includes(path) && method !== "POST") {
      log("error", "admin", `admin path "${target}" mutates state, method=${method} rather than POST`)
      return { _tag: "Answer", status: 405, body: `Method ${method} not allowed, POST required.` }
    }
    switch (path) {
      case "/ready": {
        const state = stateNow()
        return { _tag: "Answer", status: state === "LIVE" ? 200 : 503, body: `${state}\n` }
      }
      case "/stats":
        settle()
        return statsAnswer(stats, query)
      case "/stats/prometheus":
        settle()
        return prometheusAnswer(stats, query)
      case "/logging":
        return theLoggers().answer(query)
      case "/drain_listeners":
        return drain(query)
      case "/healthcheck/fail":
        failsHealthChecks = true
        return ok
      case "/healthcheck/ok":
        failsHealthChecks = false
        return ok
      case "/reopen_logs":
        return ok
      case "/quitquitquit":
        thread.after(0, () => shutDown())
        return ok
      case "/server_info":
        return serverInfoAnswer(line, { level: line.level, state: stateNow(), uptime: timeNow() - startedAt })
      case "/config_dump":
        ads?.settle()
        return configDumpAnswer(
          { clusters: clusters.list(), listeners: listeners.list(), problems: listeners.problems() },
          query
        )
      case "/listeners":
        return listenersAnswer(listeners.list(), query)
      case "/clusters":
        return clustersAnswer(clusters.list())
      case "/memory":
        return memoryAnswer(memory())
      case "/certs":
        return { _tag: "Answer", status: 200, body: '{\n "certificates": []\n}\n' }
      case "/init_dump":
        return { _tag: "Answer", status: 200, body: "{}\n" }
      case "/hot_restart_version":
        return { _tag: "Answer", status: 200, body: line.isHotRestartDisabled ? "disabled" : "11.104" }
      default:
        return { _tag: "Answer", status: 404, body: adminHelp }
    }
  }

  const server = makeAdminServer({ answer, random: random.fork("admin"), thread, timeline })

  // --- The start ---------------------------------------------------------------------------------------------------------------

  const goLive = () => {
    log("info", "config", "all dependencies initialized. starting workers")
    serverState = "LIVE"
    liveAt = timeNow()
    for (let worker = 0; worker < line.concurrency; worker += 1) stats.defineGroup(workerStats, "", worker)
    listeners.startWorkers()
    stats.record("server.initialization_time_ms", Math.round(liveAt - startedAt), 1, flushNow())
    showProcess(Math.floor((liveAt - startedAt) / 1000))
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
    stats.defineGroup(processStats)
    for (const [name, value] of constants) stats.set(name, value)
    stats.set("server.concurrency", line.concurrency)
    if (facts.admin !== undefined) {
      stats.defineGroup(httpStats, "http.admin.")
      stats.defineGroup(adminListenerStats, "listener.admin.")
      stats.defineGroup(responseStats, "listener.admin.http.admin.")
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
