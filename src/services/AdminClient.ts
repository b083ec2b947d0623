import type { Effect, Option, Scope } from "effect"
import { Context, Schema, type Stream } from "effect"

/** Errors of a connection that was never made, so that Envoy cannot have received the request. */
const connectionErrors = ["ECONNREFUSED", "ENOENT", "ENOTSOCK", "EACCES", "EAGAIN", "EADDRNOTAVAIL", "EMFILE"]

/**
 * A request to Envoy's admin failed. `detail` says more, in one line. `foreign`: another program than this agent's Envoy is at
 * its address, and was not asked.
 */
export class AdminError extends Schema.TaggedError<AdminError>()("AdminError", {
  endpoint: Schema.String,
  reason: Schema.Literals(["unreachable", "timeout", "status", "body", "foreign"]),
  detail: Schema.String
}) {
  override get message() {
    if (this.reason === "foreign") return this.detail
    return `Envoy's admin ${this.endpoint}: ${this.reason}${this.detail === "" ? "" : ` (${this.detail})`}`
  }
  /** Whether Envoy may have done what was asked, or may do it later: it received the request, or nobody knows. */
  get mayHaveActed() {
    if (this.reason === "unreachable") return !connectionErrors.includes(this.detail)
    return this.reason !== "status" && this.reason !== "foreign"
  }
}

/** The server state in Envoy's `/ready`. */
export const EnvoyServerState = Schema.Literals(["LIVE", "DRAINING", "PRE_INITIALIZING", "INITIALIZING"])
export type EnvoyServerState = typeof EnvoyServerState.Type

/** The counters and gauges that health is judged by. */
export interface HealthStats {
  /** `control_plane.connected_state`; none where the bootstrap has no ADS. */
  readonly connected: Option.Option<boolean>
  /** Whether Envoy gets listeners from a management server or a file (LDS). */
  readonly usesLds: boolean
  /** Listeners that Envoy has, those of its bootstrap included; undefined where Envoy does not say. */
  readonly activeListeners: number | undefined
  readonly listenerCreateFailure: number
  readonly ldsUpdateSuccess: number
  readonly ldsUpdateRejected: number
  readonly cdsUpdateSuccess: number
  readonly cdsUpdateRejected: number
  /** xDS streams that a relay forwards to its management server now; absent where Envoy is no relay. */
  readonly relayedStreams?: number
}

/** How often Envoy has accepted and rejected an update of one xDS subscription. */
export interface UpdateCounters {
  /** The name of the counters without their last part: `listener_manager.lds`, `cluster.NAME`. */
  readonly subscription: string
  readonly accepted: number
  readonly rejected: number
  /** When it last accepted one, in epoch milliseconds; 0 before the first. */
  readonly acceptedAt: number
}

/** Why Envoy's last update of listeners failed. */
export interface ListenerError {
  /** Undefined where Envoy names none. */
  readonly listener: string | undefined
  /** Envoy's own words, on one line. */
  readonly reason: string
  /** Epoch milliseconds; undefined where Envoy does not say. */
  readonly at: number | undefined
}

export const ServerInfo = Schema.Struct({
  version: Schema.String,
  state: EnvoyServerState,
  uptime_current_epoch: Schema.String,
  command_line_options: Schema.Struct({ config_path: Schema.String })
})
export type ServerInfo = typeof ServerInfo.Type

export interface DrainOptions {
  readonly graceful: boolean
  /** Envoy's `skip_exit`: Envoy does not exit when the drain is over. */
  readonly skipExit: boolean
  readonly inboundOnly: boolean
}

/** Envoy's admin interface, over TCP or a unix socket. It has only those requests that the agent may make. */
export class AdminClient extends Context.Service<
  AdminClient,
  {
    readonly ready: Effect.Effect<EnvoyServerState, AdminError>
    readonly healthStats: Effect.Effect<HealthStats, AdminError>
    /** Open downstream connections of all listeners but the admin's; none where Envoy has no such gauge. */
    readonly activeConnections: Effect.Effect<Option.Option<number>, AdminError>
    readonly serverInfo: Effect.Effect<ServerInfo, AdminError>
    /** The number of listeners that `drainListeners` with `inboundOnly` is about. */
    readonly inboundListeners: Effect.Effect<number, AdminError>
    /** The subscriptions of which Envoy has rejected an update since its start, at most 200. */
    readonly rejectingSubscriptions: Effect.Effect<ReadonlyArray<UpdateCounters>, AdminError>
    /**
     * What Envoy keeps of its last update of listeners that failed; empty once it has accepted one. Envoy writes down all of its
     * listeners for it, which may be many megabytes: ask only where the counters say that an update was rejected.
     */
    readonly listenerErrors: Effect.Effect<ReadonlyArray<ListenerError>, AdminError>
    /** Succeeds with the text of Envoy's answer. */
    readonly drainListeners: (options: DrainOptions) => Effect.Effect<string, AdminError>
    /** The levels that Envoy's loggers have, each once: one where all have the same. Asked once, without a repetition. */
    readonly logLevels: Effect.Effect<ReadonlyArray<string>, AdminError>
    /** Sets all of Envoy's loggers to this level. Succeeds with the text of Envoy's answer. */
    readonly setLogLevel: (level: string) => Effect.Effect<string, AdminError>
    /** Streams Envoy's Prometheus text while the scope is open. Succeeds once its first 64 KB, or all of it, have come. */
    readonly prometheus: (options: {
      readonly usedOnly: boolean
      /** Families that cannot be the metrics extension's may be missing: Envoy leaves out what it can. */
      readonly extensionOnly?: boolean
    }) => Effect.Effect<Stream.Stream<Uint8Array, AdminError>, AdminError, Scope.Scope>
  }
>()("agent/AdminClient") {}
