import type { Health, ReportedState } from "../../../services/HealthMonitor.ts"
import type { StatusFields, VerboseFields } from "../../../services/ManagementApi.ts"
import type { RejectedUpdate } from "../../../services/RejectedUpdates.ts"

export interface StatusFacts {
  readonly health: Health
  /** Milliseconds since the agent started. */
  readonly uptime: number
  /** Undefined while no Envoy runs, which is reported as 0. */
  readonly pid: number | undefined
  readonly restarts: number
  /** The local relay's Envoy, if there is one. */
  readonly localRelay?: { readonly envoyState: ReportedState; readonly restarts: number } | undefined
  /** Why the management server is not connected, if the reason is known. */
  readonly problem?: string | undefined
}

/** RFC 3339, in whole seconds. */
const timestamp = (epochMillis: number) => new Date(epochMillis).toISOString().replace(/\.\d+Z$/, "Z")

const connectionFields = ({ connection }: Health) => {
  switch (connection._tag) {
    case "NotConsidered":
      return {}
    case "Connected":
      return { managementServerConnectionStatus: "CONNECTED" } as const
    case "Disconnected":
      return {
        managementServerConnectionStatus: "NOT_CONNECTED",
        managementServerDisconnectedTimestamp: timestamp(connection.since)
      } as const
  }
}

/** The fields of `GET /status`, in this order. */
export const statusBody = ({ health, localRelay, pid, problem, restarts, uptime }: StatusFacts): StatusFields => ({
  healthStatus: health.status,
  agentUptime: `${Math.floor(uptime / 1000)}s`,
  envoyPid: `${pid ?? 0}`,
  envoyState: health.envoyState,
  envoyRestartCount: `${restarts}`,
  ...connectionFields(health),
  envoyReadinessState: health.initialized ? "INITIALIZED" : "NOT_INITIALIZED",
  ...(health.initialConfig === "UNDECIDED" ? {} : { initialConfigUpdateStatus: health.initialConfig }),
  ...(localRelay === undefined
    ? {}
    : { localRelayEnvoyState: localRelay.envoyState, localRelayEnvoyRestartCount: `${localRelay.restarts}` }),
  reason: health.reason,
  // In relay mode the connection is not considered, yet the relay may know why its management server is unreachable.
  ...(problem === undefined || health.connection._tag === "Connected" ? {} : { managementServerProblem: problem })
})

/** What only `GET /status?verbose` tells. */
export interface VerboseFacts {
  readonly rejected: RejectedUpdate | undefined
}

const rejectedUpdate = ({ count, reason, resource, since, type }: RejectedUpdate): VerboseFields => ({
  rejectedUpdate: {
    type,
    ...(resource === undefined ? {} : { resource }),
    ...(reason === undefined ? {} : { reason }),
    since: timestamp(since),
    count: `${count}`
  }
})

/** The fields that `?verbose` adds, in this order. */
export const verboseFields = ({ rejected }: VerboseFacts): VerboseFields => ({
  ...(rejected === undefined ? {} : rejectedUpdate(rejected))
})
