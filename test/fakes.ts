import { Deferred, Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { layerFrom } from "../src/layers/config/ConfigLive.ts"
import {
  AdminClient,
  AdminError,
  type DrainOptions,
  type EnvoyServerState,
  type HealthStats,
  type ListenerError,
  type UpdateCounters
} from "../src/services/AdminClient.ts"
import { Bootstrap } from "../src/services/Bootstrap.ts"
import { EnvoyLauncher, EnvoyLaunchFailed, type ProcessExit } from "../src/services/EnvoyLauncher.ts"
import { EnvoyProcess, type EnvoyState } from "../src/services/EnvoyProcess.ts"
import type { StopSignal } from "../src/services/handledSignals.ts"
import { Signals } from "../src/services/Signals.ts"

/** Settings as the agent reads them, from a small environment. */
export const settings = (environment: Readonly<Record<string, string>> = {}) => layerFrom(environment)

export const code = (value: number): ProcessExit => ({ _tag: "Code", code: value })
export const killed: ProcessExit = { _tag: "Signal", name: "SIGKILL", number: 9 }

/** One simulated life: ends by itself after `lasts` milliseconds with `exit`, if ever; obeys SIGTERM unless stubborn. */
export interface Life {
  /** Why the system does not start this one; undefined: it does. */
  readonly refused?: string
  readonly lasts?: number
  readonly exit?: ProcessExit
  readonly stubborn?: boolean
}

export interface SimulatedLauncher {
  readonly layer: Layer.Layer<EnvoyLauncher>
  /** What happened, in order: `start 1`, `SIGTERM 1`, `SIGKILL 1`, `end 1`, `refused`. */
  readonly events: Array<string>
  /** Processes that are alive now. */
  readonly alive: Set<number>
}

/** An operating system on which Envoy lives these lives, one after the other; the last one again and again. */
export const lives = (...script: ReadonlyArray<Life>): SimulatedLauncher => {
  const events: Array<string> = []
  const alive = new Set<number>()
  let count = 0
  let pids = 0
  const launch = Effect.gen(function* () {
    const life = script[Math.min(count, script.length - 1)] ?? {}
    count += 1
    if (life.refused !== undefined) {
      events.push("refused")
      return yield* new EnvoyLaunchFailed({ path: "/envoy", problem: life.refused })
    }
    pids += 1
    const pid = pids
    const exit = yield* Deferred.make<ProcessExit>()
    const end = (how: ProcessExit) =>
      Effect.sync(() => {
        if (!Deferred.doneUnsafe(exit, Effect.succeed(how))) return
        alive.delete(pid)
        events.push(`end ${pid}`)
      })
    const signal = (name: "SIGTERM" | "SIGKILL") =>
      Effect.suspend(() => {
        if (!alive.has(pid)) return Effect.void
        events.push(`${name} ${pid}`)
        if (name === "SIGTERM") return life.stubborn === true ? Effect.void : end(code(0))
        return end(killed)
      })
    events.push(`start ${pid}`)
    alive.add(pid)
    yield* Effect.addFinalizer(() => signal("SIGKILL"))
    if (life.lasts !== undefined) yield* Effect.forkScoped(Effect.delay(end(life.exit ?? code(1)), life.lasts))
    return { pid, exit: Deferred.await(exit), signal, sample: Effect.succeedNone }
  })
  return { layer: Layer.succeed(EnvoyLauncher, EnvoyLauncher.of({ launch })), events, alive }
}

export const quietStats: HealthStats = {
  connected: Option.some(true),
  usesLds: true,
  activeListeners: 1,
  listenerCreateFailure: 0,
  ldsUpdateSuccess: 1,
  ldsUpdateRejected: 0,
  cdsUpdateSuccess: 1,
  cdsUpdateRejected: 0
}

/** What the simulated admin answers; undefined: it does not. */
export interface AdminScript {
  state: EnvoyServerState | undefined
  stats: HealthStats | undefined
  connections: number | undefined
  drainFails: boolean | AdminError["reason"]
  drainAnswer: string
  /** The level of Envoy's loggers; undefined: it does not tell. */
  level: string | undefined
  /** How a request for a log level fails; undefined: it does not. */
  levelFails: true | AdminError["reason"] | undefined
  inboundListeners: number | undefined
  /** The Prometheus text, in these parts. */
  exposition: ReadonlyArray<string> | undefined
  /** Who is at the address instead of Envoy: nobody is asked then. */
  foreign: string | undefined
  /** Undefined: no answer. */
  rejecting: ReadonlyArray<UpdateCounters> | undefined
  listenerErrors: ReadonlyArray<ListenerError> | undefined
}

export interface SimulatedAdmin {
  readonly script: AdminScript
  readonly drains: Array<DrainOptions>
  /** Levels that were set. */
  readonly levels: Array<string>
  /** Looks at `/ready` so far. */
  looks: number
  /** Requests for listener errors so far. */
  dumps: number
  readonly layer: Layer.Layer<AdminClient>
}

export const simulatedAdmin = (changes: Partial<AdminScript> = {}): SimulatedAdmin => {
  const script: AdminScript = {
    state: "LIVE",
    stats: quietStats,
    connections: 0,
    drainFails: false,
    drainAnswer: "OK\n",
    level: "info",
    levelFails: undefined,
    inboundListeners: 2,
    exposition: [],
    foreign: undefined,
    rejecting: [],
    listenerErrors: [],
    ...changes
  }
  const drains: Array<DrainOptions> = []
  const levels: Array<string> = []
  const silent = (endpoint: string) =>
    Effect.suspend(() =>
      Effect.fail(
        script.foreign === undefined
          ? new AdminError({ endpoint, reason: "unreachable", detail: "ECONNREFUSED" })
          : new AdminError({ endpoint, reason: "foreign", detail: script.foreign })
      )
    )
  const failing = (endpoint: string, how: true | AdminError["reason"]) =>
    how === true
      ? silent(endpoint)
      : Effect.fail(new AdminError({ endpoint, reason: how, detail: how === "status" ? script.drainAnswer : "" }))
  const answer = <A>(endpoint: string, value: A | undefined) =>
    value === undefined || script.foreign !== undefined ? silent(endpoint) : Effect.succeed(value)
  const simulated: SimulatedAdmin = {
    script,
    drains,
    levels,
    looks: 0,
    dumps: 0,
    layer: Layer.sync(AdminClient, () =>
      AdminClient.of({
        ready: Effect.suspend(() => {
          simulated.looks += 1
          return answer("/ready", script.state)
        }),
        healthStats: Effect.suspend(() => answer("/stats", script.stats)),
        activeConnections: Effect.suspend(() =>
          script.state === undefined ? silent("/stats") : Effect.succeed(Option.fromUndefinedOr(script.connections))
        ),
        serverInfo: silent("/server_info"),
        rejectingSubscriptions: Effect.suspend(() => answer("/stats", script.rejecting)),
        listenerErrors: Effect.suspend(() => {
          simulated.dumps += 1
          return answer("/config_dump", script.listenerErrors)
        }),
        drainListeners: (options) =>
          Effect.suspend(() => {
            drains.push(options)
            return script.drainFails === false
              ? Effect.succeed(script.drainAnswer)
              : failing("/drain_listeners", script.drainFails)
          }),
        inboundListeners: Effect.suspend(() => answer("/config_dump", script.inboundListeners)),
        logLevels: Effect.suspend(() =>
          script.state === undefined || script.level === undefined
            ? silent("/logging")
            : Effect.succeed(script.level.split(" "))
        ),
        setLogLevel: (level) =>
          Effect.suspend(() => {
            if (script.state === undefined) return silent("/logging")
            if (script.levelFails !== undefined) return failing("/logging", script.levelFails)
            levels.push(level)
            script.level = level
            return Effect.succeed("OK\n")
          }),
        prometheus: () =>
          Effect.suspend(() =>
            Effect.map(answer("/stats/prometheus", script.exposition), (parts) =>
              Stream.fromIterable(parts.map((part) => new TextEncoder().encode(part)))
            )
          )
      })
    )
  }
  return simulated
}

export interface SimulatedSignals {
  readonly layer: Layer.Layer<Signals>
  readonly send: (name: StopSignal) => Effect.Effect<void>
}

export const simulatedSignals = Effect.gen(function* () {
  const stop = yield* Deferred.make<StopSignal>()
  const skipDrain = yield* Deferred.make<StopSignal>()
  const send = (name: StopSignal) =>
    Effect.flatMap(Deferred.succeed(stop, name), (first) => (first ? Effect.void : Deferred.succeed(skipDrain, name)))
  return {
    send,
    layer: Layer.succeed(Signals, Signals.of({ stop: Deferred.await(stop), skipDrain: Deferred.await(skipDrain) }))
  } satisfies SimulatedSignals
})

/** An empty generated bootstrap, but for what is given. */
export const bootstrapWith = (parts: Partial<Bootstrap["Service"]>) =>
  Bootstrap.of({
    document: { _tag: "Generated", value: {}, sources: [], sideFiles: [] },
    usesAds: true,
    localRelay: undefined,
    managementServer: undefined,
    admin: { _tag: "Tcp", host: "127.0.0.1", port: 9901 },
    warnings: [],
    ...parts
  })

export const fixedBootstrap = Layer.succeed(Bootstrap, bootstrapWith({}))

/** An Envoy in this state, which nothing starts or stops. */
export const envoyIn = (state: SubscriptionRef.SubscriptionRef<EnvoyState>) =>
  Layer.succeed(
    EnvoyProcess,
    EnvoyProcess.of({
      state: SubscriptionRef.get(state),
      changes: SubscriptionRef.changes(state),
      sample: Effect.succeedNone,
      supervise: Effect.never,
      beginDraining: Effect.void,
      stop: Effect.void
    })
  )
