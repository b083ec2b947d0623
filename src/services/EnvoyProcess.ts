import type { Effect, Option, Stream } from "effect"
import { Context, Runtime, Schema } from "effect"
import type { EnvoyNotFound } from "./EnvoyBinary.ts"
import type { EnvoyEnd, EnvoyLaunchFailed, ProcessSample } from "./EnvoyLauncher.ts"

/**
 * The state of the supervised Envoy. `epoch` counts its starts from 0, so it equals the restarts so far. `Exited` is
 * followed by `Starting`; `Stopped` and `Failed` are final. `since` is in epoch milliseconds.
 */
export type EnvoyState =
  | { readonly _tag: "Starting"; readonly epoch: number }
  | { readonly _tag: "Running"; readonly epoch: number; readonly pid: number; readonly since: number }
  | { readonly _tag: "Draining"; readonly epoch: number; readonly pid: number | undefined }
  | { readonly _tag: "Exited"; readonly epoch: number; readonly exit: EnvoyEnd }
  | { readonly _tag: "Stopped"; readonly epoch: number }
  | { readonly _tag: "Failed"; readonly epoch: number; readonly reason: string }

/** Envoy ended by itself, or could not be started again, and no restart is left. */
export class EnvoyEnded extends Schema.TaggedError<EnvoyEnded>()("EnvoyEnded", {
  /** Which Envoy, as at the beginning of a sentence. */
  name: Schema.String,
  /** The rest of that sentence: `ended with exit code 3`. */
  description: Schema.String,
  restarts: Schema.Number,
  exitCode: Schema.Number,
  /** Where its own log is; empty where that is the agent's log. */
  hint: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override get message() {
    return `${this.name} ${this.description} and no restart is left (${this.restarts} made, APPNET_ENVOY_RESTART_COUNT)${this.hint === "" ? "" : `: ${this.hint}`}`
  }
}

/** Runs Envoy, restarts it after a crash, and takes it down. */
export class EnvoyProcess extends Context.Service<
  EnvoyProcess,
  {
    readonly state: Effect.Effect<EnvoyState>
    /** The current state, then each new one. */
    readonly changes: Stream.Stream<EnvoyState>
    /**
     * Looks at the process in /proc when it is run, at most once in `PID_POLL_INTERVAL_MS`: in between, the last answer.
     * None while there is no process.
     */
    readonly sample: Effect.Effect<Option.Option<ProcessSample>>
    /**
     * Starts Envoy and keeps it running. Run it once. It ends only by failing; after `stop` it never ends. Where the system
     * refuses the first start, that is the failure; later it counts as a life that has ended.
     */
    readonly supervise: Effect.Effect<never, EnvoyEnded | EnvoyNotFound | EnvoyLaunchFailed>
    /** From here on an end of Envoy is expected: no restart, no failure. */
    readonly beginDraining: Effect.Effect<void>
    /** Sends SIGTERM, then SIGKILL after 3 s. Returns when the process has ended. */
    readonly stop: Effect.Effect<void>
  }
>()("agent/EnvoyProcess") {}
