import type { AdsClient } from "./adsClient.ts"
import type { ClusterResource, Resources } from "./resources.ts"
import { clusterStats, clusterUpdateStats } from "./statNames.ts"
import type { Stats } from "./stats.ts"

export interface Cluster {
  readonly resource: ClusterResource
  readonly source: "static" | "dynamic"
  /** A cluster of the bootstrap counts as active from the beginning. */
  state: "warming" | "active"
  isWaitingForEndpoints: boolean
  endpoints: number
  readonly updatedAt: number
}

export interface ClusterManager {
  /** Takes all clusters of an update. Answers what is wrong with those that cannot be used. */
  readonly apply: (clusters: ReadonlyArray<ClusterResource>) => ReadonlyArray<string>
  /** The rejected update came so many times more. */
  readonly repeat: (times: number) => void
  readonly addStatic: (clusters: ReadonlyArray<ClusterResource>) => void
  /** Asks for the endpoints of the bootstrap's clusters, once there is a stream to ask on. */
  readonly startStatic: () => void
  readonly list: () => ReadonlyArray<Cluster>
  /** Calls back once no cluster waits for its first endpoints any more. */
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

  const isAnyWaiting = () => [...clusters.values()].some(({ isWaitingForEndpoints }) => isWaitingForEndpoints)

  const activate = (cluster: Cluster) => {
    cluster.state = "active"
    cluster.isWaitingForEndpoints = false
    stats.set(`cluster.${cluster.resource.name}.warming_state`, 0)
    count()
    stats.add("thread_local_cluster_manager.main_thread.clusters_inflated", 1, "gauge")
    if (whenWarm === undefined || isAnyWaiting()) return
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
      state: isWarming && source === "dynamic" ? "warming" : "active",
      isWaitingForEndpoints: isWarming,
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
    if (source === "dynamic") subscribe(cluster)
  }

  const subscribe = (cluster: Cluster) => {
    const { resource } = cluster
    ads()?.subscribe({
      kind: "endpoints",
      prefix: `cluster.${resource.name}`,
      resource: resource.name,
      fetchTimeout: resource.endpointsTimeout ?? endpointsTimeout,
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
    startStatic: () => {
      for (const cluster of clusters.values()) if (cluster.isWaitingForEndpoints) subscribe(cluster)
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
      if (isAnyWaiting()) whenWarm = action
      else action()
    }
  }
}
