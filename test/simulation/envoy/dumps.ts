import type { Cluster } from "./clusterManager.ts"
import type { CommandLine } from "./commandLine.ts"
import type { AdminReply, ServerState } from "./EnvoyModel.ts"
import type { Listener, ListenerProblem } from "./listenerManager.ts"
import type { Query } from "./query.ts"

export const version = "9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL"

const json = (value: unknown): AdminReply => ({
  _tag: "Answer",
  status: 200,
  body: `${JSON.stringify(value, null, 1)}\n`,
  headers: { "content-type": "application/json" }
})

export const serverInfoAnswer = (
  line: CommandLine,
  { level, state, uptime }: { readonly level: string; readonly state: ServerState; readonly uptime: number }
): AdminReply =>
  json({
    version,
    state,
    uptime_current_epoch: `${Math.floor(uptime / 1000)}s`,
    uptime_all_epochs: `${Math.floor(uptime / 1000)}s`,
    hot_restart_version: line.isHotRestartDisabled ? "disabled" : "11.104",
    command_line_options: {
      base_id: `${line.baseId}`,
      concurrency: line.concurrency,
      config_path: line.configPath,
      config_yaml: "",
      log_level: level,
      drain_time: `${line.drainTime}s`,
      parent_shutdown_time: `${line.parentShutdownTime}s`,
      restart_epoch: line.restartEpoch,
      mode: "Serve",
      drain_strategy: "Gradual"
    }
  })

const splitAddress = (address: string) => {
  if (address.startsWith("/")) return { pipe: { path: address } }
  const at = address.lastIndexOf(":")
  return { socket_address: { address: address.slice(0, at), port_value: Number(address.slice(at + 1)) } }
}

const listenerMessage = ({ resource }: Listener) => ({
  "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
  name: resource.name,
  address: splitAddress(resource.address),
  ...(resource.direction === undefined ? {} : { traffic_direction: resource.direction })
})

type Plain = { readonly [key: string]: unknown }
const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value)

/** Keeps the masked fields of a message, and its type. */
const masked = (value: Plain, paths: ReadonlyArray<ReadonlyArray<string>>): Plain => {
  if (paths.some((path) => path.length === 0)) return value
  const kept: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const below = paths.filter(([first]) => first === name).map(([, ...rest]) => rest)
    if (name === "@type") kept[name] = inner
    else if (below.length > 0) kept[name] = isPlain(inner) ? masked(inner, below) : inner
  }
  return kept
}

const staticListener = (listener: Listener): Plain => ({
  "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.StaticListener",
  listener: listenerMessage(listener)
})

const dynamicType = "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener"

const dynamicListeners = (
  listeners: ReadonlyArray<Listener>,
  problems: ReadonlyArray<ListenerProblem>
): ReadonlyArray<Plain> => {
  const names = new Set([...listeners.map(({ resource: { name } }) => name), ...problems.map(({ name }) => name)])
  const named = [...names].map((name) => {
    const problem = problems.find((one) => one.name === name)
    const entry: Record<string, unknown> = { "@type": dynamicType, name }
    for (const listener of listeners.filter(({ resource }) => resource.name === name)) {
      const state = { version_info: listener.version, listener: listenerMessage(listener) }
      entry[listener.state === "warming" ? "warming_state" : "active_state"] = state
    }
    if (problem === undefined) return entry
    const last_update_attempt = new Date(problem.at).toISOString()
    return { ...entry, error_state: { last_update_attempt, details: problem.words } }
  })
  // Envoy has each problem once more, without its name.
  return [...named, ...problems.map(({ words }) => ({ "@type": dynamicType, error_state: { details: words } }))]
}

export interface DumpFacts {
  readonly listeners: ReadonlyArray<Listener>
  readonly problems: ReadonlyArray<ListenerProblem>
  readonly clusters: ReadonlyArray<Cluster>
}

const clusterMessage = ({ resource, updatedAt }: Cluster): Plain => ({
  "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.DynamicCluster",
  cluster: { "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: resource.name, type: resource.type },
  last_updated: new Date(updatedAt).toISOString()
})

/** `/config_dump` with a `resource`: listeners and clusters, and nothing of anything else. */
export const configDumpAnswer = ({ clusters, listeners, problems }: DumpFacts, query: Query): AdminReply => {
  const mask = (query.get("mask") ?? "").split(",").flatMap((path) => (path === "" ? [] : [path.split(".")]))
  const resource = query.get("resource") ?? ""
  const found = ((): ReadonlyArray<Plain> | undefined => {
    switch (resource) {
      case "static_listeners":
        return listeners.filter(({ source }) => source === "static").map(staticListener)
      case "dynamic_listeners":
        return dynamicListeners(
          listeners.filter(({ source }) => source === "dynamic"),
          problems
        )
      case "dynamic_active_clusters":
        return clusters.filter(({ source, state }) => source === "dynamic" && state === "active").map(clusterMessage)
      case "dynamic_warming_clusters":
        return clusters.filter(({ source, state }) => source === "dynamic" && state === "warming").map(clusterMessage)
      case "":
        return []
      default:
        return undefined
    }
  })()
  if (found === undefined) {
    return { _tag: "Answer", status: 404, body: `${resource} not found in config dump` }
  }
  const showsFailed =
    mask.length === 0 || mask.some(([first, second]) => first === "error_state" && isFailedConfig(second))
  const unknown = problems.find(({ isUnprintable }) => isUnprintable)
  if (resource === "dynamic_listeners" && showsFailed && unknown !== undefined) return unprintable(unknown)
  const configs = mask.length === 0 ? found : found.map((one) => masked(one, mask))
  return json(configs.length === 0 ? {} : { configs })
}

const isFailedConfig = (field: string | undefined) => field === undefined || field === "failed_configuration"

/** Envoy cannot write down a message that holds a type it does not know, and says so with status 200. */
const unprintable = ({ words }: ListenerProblem): AdminReply => {
  const [, type = "unknown"] = /type URL: '([^']+)'/.exec(words) ?? []
  const problem = `INVALID_ARGUMENT: could not find @type 'type.googleapis.com/${type}'`
  return { _tag: "Answer", status: 200, body: `Failed to convert protobuf message to JSON string: ${problem}` }
}

export const listenersAnswer = (listeners: ReadonlyArray<Listener>, query: Query): AdminReply => {
  const shown = listeners.filter(({ state }) => state !== "warming")
  if (query.get("format") === "json") {
    return json({
      listener_statuses: shown.map(({ resource }) => ({
        name: resource.name,
        local_address: splitAddress(resource.address)
      }))
    })
  }
  const body = shown.map(({ resource }) => `${resource.name}::${resource.address}\n`).join("")
  return { _tag: "Answer", status: 200, body }
}

export const clustersAnswer = (clusters: ReadonlyArray<Cluster>): AdminReply => {
  const body = clusters
    .map(
      ({ resource: { name }, source }) =>
        `${name}::observability_name::${name}\n${name}::added_via_api::${source === "dynamic"}\n`
    )
    .join("")
  return { _tag: "Answer", status: 200, body }
}

export const memoryAnswer = (allocated: number): AdminReply =>
  json({
    allocated: `${allocated}`,
    heap_size: `${2 * allocated}`,
    pageheap_unmapped: "0",
    pageheap_free: "3047424",
    total_thread_cache: "519168",
    total_physical_bytes: `${Math.round(2.2 * allocated)}`
  })
