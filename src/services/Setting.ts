import type { Schema } from "effect"

/** How an Envoy gets its configuration. In local relay mode, it is the second Envoy of an agent in App Mesh mode. */
export type Mode = "app mesh" | "service connect" | "standalone" | "relay" | "local relay"

/** The mode of an agent, which is that of its main Envoy. */
export type AgentMode = Exclude<Mode, "local relay">

/** A chapter of docs/settings.md. */
export type SettingGroup =
  | "Envoy and its bootstrap"
  | "Standalone mode"
  | "Stats and tracing"
  | "Running Envoy"
  | "Management API"
  | "Health"
  | "Logs"
  | "Relay mode"
  | "Local relay mode"
  | "Platform"

/**
 * What happens with a value that cannot be used. `error`: the agent does not start. `clamp`: the nearest bound is used,
 * with a warning; the default if the value cannot be read. `fallback`: the default is used, with a warning.
 */
export type InvalidValuePolicy = "error" | "clamp" | "fallback"

/** Both bounds are allowed values. */
export interface Range {
  readonly minimum: number
  readonly maximum: number
}

/** The documentation of a setting, apart from its values. */
export interface SettingDocumentation {
  readonly group: SettingGroup
  /** The modes in which the setting has an effect. */
  readonly modes: ReadonlyArray<Mode | "all">
  readonly description: string
  /** The default in words, if it is computed or not readable as a value. */
  readonly defaultText: string | undefined
}

/** One row of the table of settings. `A` is the type of the decoded value. */
export interface Setting<A> extends SettingDocumentation {
  /** Decodes a trimmed text that is not empty. For the policy `clamp`, it does not check the range. */
  readonly schema: Schema.Codec<A, string>
  readonly default: A
  /** What is allowed, in words that follow "expected". */
  readonly allowed: string
  readonly policy: InvalidValuePolicy
  /** Whether a value that counts as not set is a warning. */
  readonly warnsIfUnset: boolean
  /** The bounds for the policy `clamp`. */
  readonly range: Range | undefined
  /** Whether the value must never be shown. */
  readonly secret: boolean
  /** A value with the unit `duration` is in milliseconds, and shown as text with a unit. */
  readonly unit: "duration" | undefined
}
