import { Context, Runtime, Schema } from "effect"

/** The management API's address cannot be bound. Ends `run` with exit code 1. */
export class ManagementBindFailed extends Schema.TaggedError<ManagementBindFailed>()("ManagementBindFailed", {
  address: Schema.String,
  problem: Schema.String,
  advice: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return `cannot serve the management API on ${this.address}: ${this.problem}. ${this.advice}`
  }
}

/** The bound management API; serving lasts as long as the layer. */
export class ManagementServer extends Context.Service<
  ManagementServer,
  {
    /** `http://[::]:9902` or `unix:/path`; none where the API is not asked for. */
    readonly address: string | undefined
  }
>()("agent/ManagementServer") {}
