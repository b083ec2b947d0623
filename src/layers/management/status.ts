import type { Health } from "../../services/HealthMonitor.ts"

export interface StatusFacts {
  readonly health: Health
  /** Milliseconds since the agent started. */
  readonly uptime: number
  readonly pid: number | undefined
  readonly restarts: number
  /** Why the management server is not connected, as far as that is known. */
  readonly problem?: string | undefined
}

/** The body of `GET /status`: texts, as the Go agent's clients expect them. */
export const statusBody = ({
  health,
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
                .replace(/\.\d+Z$/, "Z"),
              ...(problem === undefined ? {} : { managementServerProblem: problem })
            }
          : {})
      }),
  envoyReadinessState: health.initialized ? "INITIALIZED" : "NOT_INITIALIZED",
  ...(health.initialConfig === "UNDECIDED" ? {} : { initialConfigUpdateStatus: health.initialConfig })
})
