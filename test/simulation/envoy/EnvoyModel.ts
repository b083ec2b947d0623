import type { Randomness, Timeline } from "../engine/types.ts"
import type { ControlPlane } from "./ControlPlane.ts"
import type { EnvoyFaults } from "./faults.ts"
import type { Ports } from "./ports.ts"
import type { Traffic } from "./traffic.ts"

export interface AdminRequest {
  readonly method: "GET" | "POST"
  /** Path and query as sent. */
  readonly target: string
}

export type AdminReply =
  | {
      readonly _tag: "Answer"
      readonly status: number
      readonly body: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** `body` is what came before the connection broke. */
  | { readonly _tag: "Torn"; readonly status: number; readonly body: string }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Reset" }

export type Exit =
  | { readonly _tag: "Code"; readonly code: number }
  | { readonly _tag: "Signal"; readonly name: string; readonly number: number }

/** As in Envoy's `/ready`. */
export type ServerState = "PRE_INITIALIZING" | "INITIALIZING" | "LIVE" | "DRAINING"

export interface TrueListener {
  readonly name: string
  readonly address: string
  readonly direction: "INBOUND" | "OUTBOUND" | "UNSPECIFIED"
  readonly source: "static" | "dynamic"
  /** A draining one has been replaced or removed; a stopped one accepts nothing any more. */
  readonly state: "warming" | "active" | "draining" | "stopped"
}

export interface TrueSubscription {
  /** The name of its counters without their last part. */
  readonly name: string
  readonly accepted: number
  readonly rejected: number
  /** Whether its last update was rejected. */
  readonly isLastRejected: boolean
}

/** What is so, whatever the admin says or does not say. */
export interface Truth {
  readonly process: "starting" | "running" | "stopped by a signal" | "ended"
  /** When the process was started and when it became LIVE, on the timeline. */
  readonly startedAt: number
  readonly liveAt: number | undefined
  readonly state: ServerState
  readonly isAdminListening: boolean
  /** The level of all loggers, or `mixed`. */
  readonly logLevel: string
  readonly usesAds: boolean
  /** Whether `control_plane.connected_state` is 1. */
  readonly reportsConnected: boolean
  /** Whether a stream to the control plane is open. Envoy reports a connection while it still tries to make one. */
  readonly isConnected: boolean
  readonly subscriptions: ReadonlyArray<TrueSubscription>
  readonly listeners: ReadonlyArray<TrueListener>
  readonly clusters: ReadonlyArray<string>
  /** Accepted requests to drain, and when. */
  readonly drains: ReadonlyArray<{
    readonly at: number
    readonly graceful: boolean
    readonly skipExit: boolean
    readonly inboundOnly: boolean
  }>
  /** Open downstream connections, those of the admin not counted. */
  readonly connections: number
  readonly activeRequests: number
  /** The value of a counter or gauge now; undefined where there is none of this name. */
  readonly stat: (name: string) => number | undefined
}

export interface EnvoyModel {
  readonly pid: number
  readonly exit: () => Exit | undefined
  readonly onExit: (listener: (exit: Exit) => void) => void
  /** `SIGTERM`, `SIGKILL`, `SIGSTOP`, `SIGCONT`, `SIGSEGV`, … */
  readonly signal: (name: string) => void
  /** `reply` is called once, later or never; the answer to a cancelled request is dropped (the returned function cancels). */
  readonly admin: (request: AdminRequest, reply: (reply: AdminReply) => void) => () => void
  readonly truth: () => Truth
  /** Where its admin listens: `127.0.0.1:9901`, or the path of a socket. */
  readonly adminAddress: string
  readonly faults: EnvoyFaults
  readonly traffic: Traffic
}

export interface EnvoyOptions {
  readonly pid: number
  readonly arguments: ReadonlyArray<string>
  /** Parsed, in proto3 JSON. */
  readonly bootstrap: unknown
  readonly timeline: Timeline
  readonly random: Randomness
  readonly controlPlane: ControlPlane
  /** Gets each line of output, without its line break. */
  readonly output: (line: string, to: "stdout" | "stderr") => void
  /** Who listens where on this host. Without it, all ports are free. */
  readonly ports?: Ports
  /** Epoch milliseconds. By default a fixed day plus the timeline. */
  readonly wallClock?: () => number
  /** How many times slower than measured this Envoy starts: 1 by default. */
  readonly slowness?: number
}
