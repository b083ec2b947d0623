import { Context, Runtime, Schema } from "effect"
import type { SettingName, Settings } from "./Settings.ts"

/** Where a value came from. */
export type SettingSource = "environment" | "default" | "clamped"

/** One setting as `appnet-agent config` shows it; `value` is redacted where it is a secret. */
export interface SettingInForce {
  readonly name: SettingName
  readonly value: string | number | boolean | null
  readonly source: SettingSource
}

/** A variable whose value cannot be used. */
export const SettingProblem = Schema.Struct({
  name: Schema.String,
  value: Schema.String,
  allowed: Schema.String
})
export type SettingProblem = typeof SettingProblem.Type

/** At least one setting is wrong; all of them are named. Ends every command with exit code 1. */
export class InvalidSettings extends Schema.TaggedError<InvalidSettings>()("InvalidSettings", {
  problems: Schema.NonEmptyArray(SettingProblem)
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return this.problems.map(({ name, value, allowed }) => `${name}=${value} is invalid: ${allowed}`).join("\n")
  }
}

/** The settings in force, decoded once when the agent starts. */
export class Config extends Context.Service<
  Config,
  {
    /** Typed values by variable name. */
    readonly settings: Settings
    /** Every setting in table order. */
    readonly inForce: ReadonlyArray<SettingInForce>
    /** Clamped, unreadable and unknown variables, one sentence each. */
    readonly warnings: ReadonlyArray<string>
  }
>()("agent/Config") {}
