import type { Effect, Option, Scope } from "effect"
import { Context, Schema } from "effect"
import type { EnvoyNotFound } from "./EnvoyBinary.ts"

/** How a process ended. */
export type ProcessExit =
  | { readonly _tag: "Code"; readonly code: number }
  | { readonly _tag: "Signal"; readonly name: string; readonly number: number }

/** `exit code 3`, `signal SIGKILL`. */
export const describeExit = (exit: ProcessExit): string =>
  exit._tag === "Code" ? `exit code ${exit.code}` : `signal ${exit.name}`

/** The exit code by which a shell reports this end: the code, or 128 + signal number. */
export const shellExitCode = (exit: ProcessExit): number => (exit._tag === "Code" ? exit.code : 128 + exit.number)

/** How one life of Envoy ended: its process did, or there was none to begin with. `problem` is one sentence. */
export type EnvoyEnd = ProcessExit | { readonly _tag: "NotStarted"; readonly problem: string }

/** What became of Envoy, as the rest of a sentence about it: `ended with exit code 3`. */
export const describeEnd = (end: EnvoyEnd): string =>
  end._tag === "NotStarted" ? `could not be started again (${end.problem})` : `ended with ${describeExit(end)}`

/** What /proc/PID/stat says of a process. */
export interface ProcessSample {
  readonly state: "running" | "stopped" | "zombie"
  /** Bytes. */
  readonly residentMemory: number
  /** User and system time, seconds. */
  readonly cpuTime: number
}

/** The operating system could not start Envoy. */
export class EnvoyLaunchFailed extends Schema.TaggedError<EnvoyLaunchFailed>()("EnvoyLaunchFailed", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `cannot start Envoy at ${this.path}: ${this.problem}`
  }
}

/** A started Envoy process. */
export interface LaunchedEnvoy {
  readonly pid: number
  /** Completes at the child event, never by polling. */
  readonly exit: Effect.Effect<ProcessExit>
  /** Does nothing once the process has ended. */
  readonly signal: (name: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** Reads /proc. None once the process has ended, and where there is no /proc. */
  readonly sample: Effect.Effect<Option.Option<ProcessSample>>
}

/** Starts one Envoy process: the edge between supervision and the operating system. */
export class EnvoyLauncher extends Context.Service<
  EnvoyLauncher,
  {
    /** The end of the scope kills what is left of the process and waits until it has ended. */
    readonly launch: Effect.Effect<LaunchedEnvoy, EnvoyNotFound | EnvoyLaunchFailed, Scope.Scope>
  }
>()("agent/EnvoyLauncher") {}
