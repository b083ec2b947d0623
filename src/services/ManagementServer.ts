import { Context, Runtime, Schema } from "effect"

/** An address of the management API cannot be bound. `run` exits with 1. */
export class ManagementBindFailed extends Schema.TaggedError<ManagementBindFailed>()("ManagementBindFailed", {
  address: Schema.String,
  problem: Schema.String,
  /** What to do, and the settings that chose the address. */
  advice: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return `cannot serve the management API on ${this.address}: ${this.problem}. ${this.advice}`
  }
}

/** The management API. It is served for as long as the layer lives. */
export class ManagementServer extends Context.Service<
  ManagementServer,
  {
    /** `http://[::]:9902` or `unix:/path`; undefined if `APPNET_AGENT_ADMIN_MODE` is not set. */
    readonly address: string | undefined
  }
>()("agent/ManagementServer") {}
