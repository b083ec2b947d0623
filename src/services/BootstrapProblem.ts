// What can be wrong with the settings and files that a bootstrap is made of. Each is one line of a `BootstrapError`.
import { Schema } from "effect"
import { InvalidSetting } from "./Config.ts"
import { EnvoyNotFound } from "./EnvoyBinary.ts"
import { foreignLine } from "./foreignText.ts"

/** A file that a variable names cannot be read, or does not hold what Envoy needs. */
export class UserFileError extends Schema.TaggedError<UserFileError>()("UserFileError", {
  variable: Schema.String,
  path: Schema.String,
  /** `line 3, column 1`; undefined if the problem is the file as a whole. */
  position: Schema.UndefinedOr(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    const file = `${this.variable}=${foreignLine(this.path)}`
    return this.position === undefined ? `${file} ${this.reason}` : `${file}: ${this.position}: ${this.reason}`
  }
}

const Listener = Schema.Struct({
  /** `the management API`. */
  name: Schema.String,
  variable: Schema.String
})

/** Two parts of this agent would listen on the same port. */
export class PortCollision extends Schema.TaggedError<PortCollision>()("PortCollision", {
  port: Schema.Int,
  listeners: Schema.Tuple([Listener, Listener])
}) {
  override get message() {
    const [first, second] = this.listeners
    return `port ${this.port} is used twice: for ${first.name} (${first.variable}) and for ${second.name} (${second.variable}): give one of them another port`
  }
}

/** More than one tracer is turned on. */
export class TracerConflict extends Schema.TaggedError<TracerConflict>()("TracerConflict", {
  variables: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.variables.join(" and ")} are on together: Envoy takes one tracer, so leave only one of them on`
  }
}

/** A file of the agent's own cannot be written to `APPNET_RUN_DIR`. */
export class RunFileError extends Schema.TaggedError<RunFileError>()("RunFileError", {
  /** `the bootstrap`. */
  content: Schema.String,
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    const reason = this.cause instanceof Error ? this.cause.message : `${this.cause}`
    return `${this.content} cannot be written to ${this.path} (APPNET_RUN_DIR): ${reason}`
  }
}

export const BootstrapProblem = Schema.Union([
  InvalidSetting,
  UserFileError,
  PortCollision,
  TracerConflict,
  RunFileError,
  EnvoyNotFound
])
export type BootstrapProblem = typeof BootstrapProblem.Type
