import { Option } from "effect"
import type { Health, ReportedState } from "../../../services/HealthMonitor.ts"
import type { DrainState } from "../../../services/ListenerDrain.ts"
import type { ReportedLogLevel } from "../../../services/LogLevels.ts"
import type { StatusFields, VerboseFields } from "../../../services/ManagementApi.ts"
import type { RejectedUpdate } from "../../../services/RejectedUpdates.ts"
import { timestamp } from "../timestamp.ts"
import { readinessOf } from "./readiness.ts"

export interface StatusFacts {
  readonly health: Health
  /** Milliseconds since the agent started, by a clock that nobody sets. */
  readonly uptime: number
  /** Undefined while no Envoy runs, which is reported as 0. */
  readonly pid: number | undefined
  readonly restarts: number
  readonly drain?: DrainState
  readonly logLevel?: { readonly level: ReportedLogLevel; readonly resetsAt: Option.Option<number> } | undefined
  /** The local relay's Envoy, if there is one. */
  readonly localRelay?: { readonly envoyState: ReportedState; readonly restarts: number } | undefined
  /** Why the management server is not connected, if the reason is known. */
  readonly problem?: string | undefined
}

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

const logLevelFields = (logLevel: StatusFacts["logLevel"]) =>
  logLevel === undefined
    ? {}
    : {
        logLevel: logLevel.level,
        ...Option.match(logLevel.resetsAt, {
          onNone: () => ({}),
          onSome: (at) => ({ logLevelResetsAt: timestamp(at) })
        })
      }

/** The fields of `GET /status`, in this order. */
export const statusBody = ({
  drain = { _tag: "NotRequested" },
  health,
  localRelay,
  logLevel,
  pid,
  problem,
  restarts,
  uptime
}: StatusFacts): StatusFields => ({
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
  reason: readinessOf(health, drain).reason,
  // In relay mode the connection is not considered, yet the relay may know why its management server is unreachable.
  ...(problem === undefined || health.connection._tag === "Connected" ? {} : { managementServerProblem: problem }),
  ...(drain._tag === "Drained" ? { drainedAt: timestamp(drain.drainedAt) } : {}),
  ...logLevelFields(logLevel)
})

/** What only `GET /status?verbose` tells. */
export interface VerboseFacts {
  readonly rejected: RejectedUpdate | undefined
}

const rejectedUpdate = ({ count, isOrderKnown, reason, resource, since, type }: RejectedUpdate): VerboseFields => ({
  rejectedUpdate: {
    type,
    ...(resource === undefined ? {} : { resource }),
    ...(reason === undefined ? {} : { reason }),
    since: timestamp(since),
    count: `${count}`,
    ...(isOrderKnown ? {} : { superseded: "unknown" as const })
  }
})

/** The fields that `?verbose` adds, in this order. */
export const verboseFields = ({ rejected }: VerboseFacts): VerboseFields => ({
  ...(rejected === undefined ? {} : rejectedUpdate(rejected))
})
