import type { Health, ReportedState } from "../../../services/HealthMonitor.ts"

export interface StatusFacts {
  readonly health: Health
  /** Milliseconds since the agent started. */
  readonly uptime: number
  readonly pid: number | undefined
  readonly restarts: number
  /** The second Envoy, where there is one. */
  readonly localRelay?: { readonly envoyState: ReportedState; readonly restarts: number } | undefined
  /** Why the management server is not connected, as far as that is known. */
  readonly problem?: string | undefined
}

/** The body of `GET /status`: texts, as the Go agent's clients expect them. */
export const statusBody = ({
  health,
  localRelay,
  pid,
  problem,
  restarts,
  uptime
}: StatusFacts): Readonly<Record<string, string>> => ({
  healthStatus: health.status,
  agentUptime: `${Math.floor(uptime / 1000)}s`,
  envoyPid: `${pid ?? 0}`,
  envoyState: health.envoyState,
  envoyRestartCount: `${restarts}`,
  ...(health.connection._tag === "NotConsidered"
    ? {}
    : {
        managementServerConnectionStatus: health.connection._tag === "Connected" ? "CONNECTED" : "NOT_CONNECTED",
        ...(health.connection._tag === "Disconnected"
          ? {
              managementServerDisconnectedTimestamp: new Date(health.connection.since)
                .toISOString()
                .replace(/\.\d+Z$/, "Z")
            }
          : {})
      }),
  // A relay has no connection of its own that counts, but may know that it cannot pass anything on.
  ...(problem === undefined || health.connection._tag === "Connected" ? {} : { managementServerProblem: problem }),
  envoyReadinessState: health.initialized ? "INITIALIZED" : "NOT_INITIALIZED",
  ...(health.initialConfig === "UNDECIDED" ? {} : { initialConfigUpdateStatus: health.initialConfig }),
  ...(localRelay === undefined
    ? {}
    : { localRelayEnvoyState: localRelay.envoyState, localRelayEnvoyRestartCount: `${localRelay.restarts}` })
})
