import type { Health } from "../../services/HealthMonitor.ts"

export interface StatusFacts {
  readonly health: Health
  /** Milliseconds since the agent started. */
  readonly uptime: number
  readonly pid: number | undefined
  readonly restarts: number
}

/** The body of `GET /status`: texts, as the Go agent's clients expect them. */
export const statusBody = ({ health, uptime, pid, restarts }: StatusFacts): Readonly<Record<string, string>> => ({
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
  envoyReadinessState: health.initialized ? "INITIALIZED" : "NOT_INITIALIZED",
  ...(health.initialConfig === "UNDECIDED" ? {} : { initialConfigUpdateStatus: health.initialConfig })
})
