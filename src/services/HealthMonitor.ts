import type { SubscriptionRef } from "effect"
import { Context } from "effect"
import type { EnvoyServerState } from "./AdminClient.ts"

/** Envoy's state as the agent reports it. */
export type ReportedState = EnvoyServerState | "UNREACHABLE"

/** The connection to the management server; `since` is in epoch milliseconds. */
export type Connection =
  | { readonly _tag: "NotConsidered" }
  | { readonly _tag: "Connected" }
  | { readonly _tag: "Disconnected"; readonly since: number }

/** Whether Envoy accepted its first configuration after its last start. */
export type InitialConfig = "UNDECIDED" | "UPDATE_SUCCESSFUL" | "UPDATE_FAILED"

export interface Health {
  readonly status: "HEALTHY" | "UNHEALTHY"
  /** Why the status is what it is: a clause, without a full stop. */
  readonly reason: string
  readonly envoyState: ReportedState
  readonly connection: Connection
  /** UNDECIDED until Envoy is first LIVE after a start. */
  readonly initialConfig: InitialConfig
  /** Whether Envoy has been LIVE since its last start. */
  readonly initialized: boolean
}

/** Watches Envoy's admin and process, and judges whether Envoy is healthy. */
export class HealthMonitor extends Context.Service<
  HealthMonitor,
  {
    readonly health: SubscriptionRef.SubscriptionRef<Health>
  }
>()("agent/HealthMonitor") {}
