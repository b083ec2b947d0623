import type { Effect, Option, Scope } from "effect"
import { Context, Schema, type Stream } from "effect"

/** Envoy's admin did not answer as asked. */
export class AdminError extends Schema.TaggedError<AdminError>()("AdminError", {
  endpoint: Schema.String,
  reason: Schema.Literals(["unreachable", "timeout", "status", "body"]),
  detail: Schema.String
}) {
  override get message() {
    return `Envoy's admin ${this.endpoint}: ${this.reason}${this.detail === "" ? "" : ` (${this.detail})`}`
  }
}

/** What Envoy's `/ready` says of itself. */
export const EnvoyServerState = Schema.Literals(["LIVE", "DRAINING", "PRE_INITIALIZING", "INITIALIZING"])
export type EnvoyServerState = typeof EnvoyServerState.Type

/** The counters and gauges that health is judged by. */
export interface HealthStats {
  /** `control_plane.connected_state`; none where the bootstrap has no ADS. */
  readonly connected: Option.Option<boolean>
  readonly listenerCreateFailure: number
  readonly ldsUpdateSuccess: number
  readonly ldsUpdateRejected: number
  readonly cdsUpdateSuccess: number
  readonly cdsUpdateRejected: number
  /** xDS streams that a relay has passed on to its management server; absent where Envoy is no relay. */
  readonly relayedStreams?: number
}

export const ServerInfo = Schema.Struct({
  version: Schema.String,
  state: EnvoyServerState,
  uptime_current_epoch: Schema.String
})
export type ServerInfo = typeof ServerInfo.Type

export interface DrainOptions {
  readonly graceful: boolean
  /** Envoy's `skip_exit`: listeners stay until they are drained, and the process goes on. */
  readonly skipExit: boolean
  readonly inboundOnly: boolean
}

/** Envoy's admin interface, over TCP or a unix socket. Only the requests that the agent may make exist here. */
export class AdminClient extends Context.Service<
  AdminClient,
  {
    readonly ready: Effect.Effect<EnvoyServerState, AdminError>
    readonly healthStats: Effect.Effect<HealthStats, AdminError>
    /** Open downstream connections of all listeners but admin's; none where Envoy has no such gauge. */
    readonly activeConnections: Effect.Effect<Option.Option<number>, AdminError>
    readonly serverInfo: Effect.Effect<ServerInfo, AdminError>
    /** Answers Envoy's own words. */
    readonly drainListeners: (options: DrainOptions) => Effect.Effect<string, AdminError>
    /** Sets every logger to this level; answers Envoy's own words. */
    readonly setLogLevel: (level: string) => Effect.Effect<string, AdminError>
    /** Envoy's Prometheus text as it comes, for as long as the scope is open; succeeds when it has begun to come. */
    readonly prometheus: (options: {
      readonly usedOnly: boolean
    }) => Effect.Effect<Stream.Stream<Uint8Array, AdminError>, AdminError, Scope.Scope>
  }
>()("agent/AdminClient") {}
