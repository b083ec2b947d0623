import type { Effect } from "effect"
import { Context, Runtime, Schema } from "effect"
import type { BootstrapError } from "./Bootstrap.ts"
import type { EnvoyNotFound } from "./EnvoyBinary.ts"

/** Envoy rejects the bootstrap. Ends `appnet-agent bootstrap --validate` with exit code 1. */
export class BootstrapRejected extends Schema.TaggedError<BootstrapRejected>()("BootstrapRejected", {
  /** Envoy's error message, on one line. */
  reason: Schema.String,
  /** The field that Envoy rejects, like `staticResources.clusters[0].name`; undefined if its message names none. */
  path: Schema.UndefinedOr(Schema.String),
  /** The variables that determine the field. */
  variables: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    const variables = this.variables.length === 0 ? "" : ` (${this.variables.join(", ")})`
    const field = this.path === undefined ? "" : `${this.path}${variables}: `
    return `Envoy does not accept this bootstrap: ${field}${this.reason}`
  }
}

/** Has Envoy itself check the bootstrap (`--mode validate`). No listener is opened and no connection is made. */
export class BootstrapValidator extends Context.Service<
  BootstrapValidator,
  {
    readonly validate: Effect.Effect<void, BootstrapRejected | BootstrapError | EnvoyNotFound>
  }
>()("agent/BootstrapValidator") {}
