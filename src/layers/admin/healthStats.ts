import { Option, Schema } from "effect"
import type { HealthStats } from "../../services/AdminClient.ts"

/** The stats that health is judged by: a regular expression for the parameter `filter` of Envoy's `/stats`. */
export const healthFilter =
  "^(control_plane\\.connected_state|listener_manager\\.(lds\\.update_|listener_create_failure|total_listeners_active$)|cluster_manager\\.cds\\.update_|cluster\\.appnet_management_cluster\\.upstream_rq_active$)"

/** Envoy's `/stats?format=json`; entries of another shape, as histograms, are ignored. */
export const StatsJson = Schema.Struct({
  stats: Schema.Array(Schema.Struct({ name: Schema.optional(Schema.String), value: Schema.optional(Schema.Unknown) }))
})
export type StatsJson = typeof StatsJson.Type

export const toHealthStats = ({ stats }: StatsJson): HealthStats => {
  const values = new Map<string, number>()
  for (const { name, value } of stats) if (name !== undefined && typeof value === "number") values.set(name, value)
  const counter = (name: string) => values.get(name) ?? 0
  const connected = values.get("control_plane.connected_state")
  // The cluster has this name in the relay templates. A request is active once it has a connection.
  const relayedStreams = values.get("cluster.appnet_management_cluster.upstream_rq_active")
  return {
    ...(relayedStreams === undefined ? {} : { relayedStreams }),
    connected: connected === undefined ? Option.none() : Option.some(connected === 1),
    usesLds: values.has("listener_manager.lds.update_success"),
    activeListeners: values.get("listener_manager.total_listeners_active"),
    listenerCreateFailure: counter("listener_manager.listener_create_failure"),
    ldsUpdateSuccess: counter("listener_manager.lds.update_success"),
    ldsUpdateRejected: counter("listener_manager.lds.update_rejected"),
    cdsUpdateSuccess: counter("cluster_manager.cds.update_success"),
    cdsUpdateRejected: counter("cluster_manager.cds.update_rejected")
  }
}

/** The gauges of open downstream connections, those of the admin and of single workers included. */
export const activeConnectionsFilter = "^listener\\..*\\.downstream_cx_active$"

/** Open connections of all listeners that serve traffic; none where Envoy has no such gauge. */
export const toActiveConnections = ({ stats }: StatsJson): Option.Option<number> => {
  let sum = Option.none<number>()
  for (const { name, value } of stats) {
    if (name === undefined || typeof value !== "number") continue
    if (!name.startsWith("listener.") || !name.endsWith(".downstream_cx_active")) continue
    if (name.startsWith("listener.admin.") || /\.worker_\d+\./.test(name)) continue
    sum = Option.some(Option.getOrElse(sum, () => 0) + value)
  }
  return sum
}
