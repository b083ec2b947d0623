import type { Effect, Option } from "effect"
import { Context, Schema } from "effect"

/** There is no executable Envoy. Ends `run` with exit code 1. */
export class EnvoyNotFound extends Schema.TaggedError<EnvoyNotFound>()("EnvoyNotFound", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `cannot start Envoy: ${this.path} ${this.problem}. Set APPNET_ENVOY_PATH to an executable Envoy`
  }
}

/** What `envoy --version` says. */
export interface EnvoyVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Built with a FIPS-validated BoringSSL. */
  readonly fips: boolean
}

/** The Envoy that this agent starts. */
export class EnvoyBinary extends Context.Service<
  EnvoyBinary,
  {
    /** `APPNET_ENVOY_PATH`, else `/usr/bin/envoy`, else `envoy` on `PATH`. The kernel has been seen to start it. */
    readonly path: Effect.Effect<string, EnvoyNotFound>
    /** From `envoy --version`, which is run once. None where its output could not be read. */
    readonly version: Effect.Effect<Option.Option<EnvoyVersion>>
    /**
     * Whether it carries the AWS IAM call credentials, so that it signs its own xDS stream: stock Envoy does not. Asked
     * once and remembered; none where it could not be asked.
     */
    readonly signsForAws: Effect.Effect<Option.Option<boolean>>
  }
>()("agent/EnvoyBinary") {}
