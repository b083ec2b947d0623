import type { ServerState } from "./EnvoyModel.ts"
import { adminListenerStats, httpStats, processStats, responseStats, workerStats } from "./statNames.ts"
import type { Stats } from "./stats.ts"

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

/** What gauges of the process show from a flush of the stats on. */
export interface ProcessFacts {
  readonly state: ServerState
  /** Seconds. */
  readonly uptime: number
  /** Bytes. */
  readonly memory: number
  readonly connections: number
}

export const defineProcessStats = (stats: Stats, concurrency: number): void => {
  stats.defineGroup(processStats)
  for (const [name, value] of constants) stats.set(name, value)
  stats.set("server.concurrency", concurrency)
}

export const defineWorkerStats = (stats: Stats, concurrency: number): void => {
  for (let worker = 0; worker < concurrency; worker += 1) stats.defineGroup(workerStats, "", worker)
}

export const defineAdminStats = (stats: Stats): void => {
  stats.defineGroup(httpStats, "http.admin.")
  stats.defineGroup(adminListenerStats, "listener.admin.")
  stats.defineGroup(responseStats, "listener.admin.http.admin.")
}

/** `requests` counts the one that asks. */
export const showAdmin = (stats: Stats, requests: number): void => {
  for (const name of adminTotals) stats.set(name, requests)
  for (const name of adminEnded) stats.set(name, requests - 1)
  for (const name of adminActive) stats.set(name, 1)
}

export const showProcess = (stats: Stats, { connections, memory, state, uptime }: ProcessFacts): void => {
  stats.set("server.uptime", uptime)
  stats.set("server.state", stateNumbers[state])
  stats.set("server.live", state === "DRAINING" ? 0 : 1)
  stats.set("server.memory_allocated", memory)
  stats.set("server.total_connections", connections)
  stats.set("server.memory_heap_size", 2 * memory)
  stats.set("server.memory_physical_size", Math.round(2.2 * memory))
  stats.set("server.days_until_first_cert_expiring", 4_294_967_295)
}
