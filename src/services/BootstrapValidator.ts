import type { Effect } from "effect"
import { Context, Runtime, Schema } from "effect"
import type { BootstrapError } from "./Bootstrap.ts"
import type { EnvoyNotFound } from "./EnvoyBinary.ts"

/** Envoy does not take this bootstrap. */
export class BootstrapRejected extends Schema.TaggedError<BootstrapRejected>()("BootstrapRejected", {
  /** Envoy's own words. */
  reason: Schema.String,
  /** The wrong field, like `staticResources.clusters[0].name`, where Envoy's words lead to one. */
  path: Schema.UndefinedOr(Schema.String),
  /** The variables that decided that field. */
  variables: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    const by = this.variables.length === 0 ? "" : ` (${this.variables.join(", ")})`
    const place = this.path === undefined ? "" : `${this.path}${by}: `
    return `Envoy does not accept this bootstrap: ${place}${this.reason}`
  }
}

/** Has the real Envoy check the bootstrap (`--mode validate`), starting nothing that serves. */
export class BootstrapValidator extends Context.Service<
  BootstrapValidator,
  {
    readonly validate: Effect.Effect<void, BootstrapRejected | BootstrapError | EnvoyNotFound>
  }
>()("agent/BootstrapValidator") {}
