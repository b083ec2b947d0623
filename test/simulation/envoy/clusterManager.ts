import type { AdsClient } from "./adsClient.ts"
import type { ClusterResource, Resources } from "./resources.ts"
import { clusterStats, clusterUpdateStats } from "./statNames.ts"
import type { Stats } from "./stats.ts"

export interface Cluster {
  readonly resource: ClusterResource
  readonly source: "static" | "dynamic"
  state: "warming" | "active"
  endpoints: number
  readonly updatedAt: number
}

export interface ClusterManager {
  /** Takes all clusters of an update. Answers what is wrong with those that cannot be used. */
  readonly apply: (clusters: ReadonlyArray<ClusterResource>) => ReadonlyArray<string>
  /** The rejected update came so many times more. */
  readonly repeat: (times: number) => void
  readonly addStatic: (clusters: ReadonlyArray<ClusterResource>) => void
  readonly list: () => ReadonlyArray<Cluster>
  /** Calls back once no cluster of an initial update is warming any more. */
  readonly whenWarm: (action: () => void) => void
}

/** Envoy's own, since clusters say nothing else here. */
const endpointsTimeout = 15_000

const isSame = (a: ClusterResource, b: ClusterResource) => a.type === b.type && a.revision === b.revision

export const makeClusterManager = ({
  ads,
  stats,
  wallClock
}: {
  readonly ads: () => AdsClient | undefined
  readonly stats: Stats
  readonly wallClock: () => number
}): ClusterManager => {
  const clusters = new Map<string, Cluster>()
  /** Clusters of the last update that are not known and cannot be used. */
  let unusable = 0
  let whenWarm: (() => void) | undefined

  const count = () => {
    const all = [...clusters.values()]
    stats.set("cluster_manager.warming_clusters", all.filter(({ state }) => state === "warming").length)
    stats.set("cluster_manager.active_clusters", all.filter(({ state }) => state === "active").length)
  }

  const activate = (cluster: Cluster) => {
    cluster.state = "active"
    stats.set(`cluster.${cluster.resource.name}.warming_state`, 0)
    count()
    stats.add("thread_local_cluster_manager.main_thread.clusters_inflated", 1, "gauge")
    if (whenWarm === undefined || [...clusters.values()].some(({ state }) => state === "warming")) return
    const action = whenWarm
    whenWarm = undefined
    action()
  }

  const takeEndpoints = (cluster: Cluster, resources: Resources) => {
    const prefix = `cluster.${cluster.resource.name}`
    const found = resources.endpoints?.find((one) => one.cluster === cluster.resource.name)
    // A control plane answers for each cluster that is asked for, if only with no endpoint.
    if (found?.problem !== undefined) return "rejected"
    const endpoints = found?.endpoints ?? 0
    if (endpoints === cluster.endpoints) stats.add(`${prefix}.update_no_rebuild`)
    else {
      cluster.endpoints = endpoints
      if (cluster.state === "active") stats.add("cluster_manager.cluster_updated")
      stats.add(`${prefix}.membership_change`)
      stats.set(`${prefix}.membership_total`, endpoints)
      stats.set(`${prefix}.membership_healthy`, endpoints)
      stats.set(`${prefix}.membership_degraded`, 0)
      stats.set(`${prefix}.membership_excluded`, 0)
    }
    stats.set(`${prefix}.max_host_weight`, 1)
    return "accepted"
  }

  const add = (resource: ClusterResource, source: Cluster["source"]) => {
    const prefix = `cluster.${resource.name}`
    stats.defineGroup(clusterStats, `${prefix}.`)
    stats.add(`${prefix}.default.total_match_count`)
    const isWarming = resource.type === "EDS"
    const cluster: Cluster = {
      resource,
      source,
      state: isWarming ? "warming" : "active",
      endpoints: resource.endpoints ?? 0,
      updatedAt: wallClock()
    }
    clusters.set(resource.name, cluster)
    if (!isWarming) {
      stats.add(`${prefix}.membership_change`)
      stats.set(`${prefix}.membership_degraded`, 0)
      stats.set(`${prefix}.membership_excluded`, 0)
      stats.set(`${prefix}.warming_state`, 0)
      stats.set(`${prefix}.membership_total`, cluster.endpoints)
      stats.set(`${prefix}.membership_healthy`, cluster.endpoints)
      return
    }
    stats.set(`${prefix}.warming_state`, 1)
    ads()?.subscribe({
      kind: "endpoints",
      prefix,
      resource: resource.name,
      fetchTimeout: endpointsTimeout,
      take: (resources) => takeEndpoints(cluster, resources),
      onInitialized: () => activate(cluster)
    })
  }

  return {
    addStatic: (added) => {
      for (const resource of added) add(resource, "static")
      stats.add("cluster_manager.cluster_added", added.length)
      count()
    },
    apply: (wanted) => {
      stats.defineGroup(clusterUpdateStats, "cluster_manager.cds.")
      let isChanged = false
      const problems: Array<string> = []
      unusable = 0
      for (const resource of wanted) {
        const known = clusters.get(resource.name)
        if (resource.problem !== undefined) {
          problems.push(`${resource.name}: ${resource.problem}`)
          // Envoy counts it before it finds out.
          if (known === undefined) {
            unusable += 1
            stats.add("cluster_manager.cluster_added")
          }
        } else if (known === undefined) {
          isChanged = true
          add(resource, "dynamic")
          stats.add("cluster_manager.cluster_added")
        } else if (!isSame(known.resource, resource)) {
          isChanged = true
          add(resource, "dynamic")
          stats.add("cluster_manager.cluster_modified")
        }
      }
      for (const [name, { source }] of clusters) {
        if (source === "static" || wanted.some((one) => one.name === name)) continue
        clusters.delete(name)
        ads()?.unsubscribe(`cluster.${name}`)
        stats.add("thread_local_cluster_manager.main_thread.clusters_inflated", -1, "gauge")
        stats.remove(`cluster.${name}.`)
        stats.add("cluster_manager.cluster_removed")
      }
      if (isChanged) {
        stats.add("cluster_manager.cds.config_reload")
        stats.set("cluster_manager.cds.config_reload_time_ms", Math.round(wallClock()))
      }
      count()
      return problems
    },
    repeat: (times) => {
      if (unusable > 0) stats.add("cluster_manager.cluster_added", unusable * times)
    },
    list: () => [...clusters.values()],
    whenWarm: (action) => {
      if ([...clusters.values()].some(({ state }) => state === "warming")) whenWarm = action
      else action()
    }
  }
}
