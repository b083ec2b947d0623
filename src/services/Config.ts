import { Context, Runtime, Schema } from "effect"
import { foreignLine } from "./foreignText.ts"
import type { SettingName, Settings } from "./Settings.ts"

/** Where the value of a setting comes from. `clamped`: it was set, and replaced by the nearest bound. */
export type SettingSource = "environment" | "default" | "clamped"

/** One setting as `appnet-agent config` shows it. `value` is null if there is none, and redacted for a secret. */
export interface SettingInForce {
  readonly name: SettingName
  readonly value: string | number | boolean | null
  readonly source: SettingSource
}

/** Whether the user set a variable, according to the settings in force. */
export const isSetIn = (inForce: ReadonlyArray<SettingInForce>): ((name: SettingName) => boolean) => {
  const names = new Set(inForce.filter(({ source }) => source !== "default").map(({ name }) => name))
  return (name) => names.has(name)
}

/** A variable is missing, or its value cannot be used. */
export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  variable: Schema.String,
  /** On one line, and redacted for a secret. Undefined if the variable is not set. */
  value: Schema.UndefinedOr(Schema.String),
  /** What is wrong, as the rest of a sentence that begins with the variable: `is invalid: expected a port`. */
  reason: Schema.String
}) {
  override get message() {
    return `${this.variable}${this.value === undefined ? "" : `=${foreignLine(this.value)}`} ${this.reason}`
  }
}

/** At least one variable has an invalid value. Holds all of them. Ends every command with exit code 1. */
export class InvalidSettings extends Schema.TaggedError<InvalidSettings>()("InvalidSettings", {
  problems: Schema.NonEmptyArray(InvalidSetting)
}) {
  override readonly [Runtime.errorExitCode] = 1
  /** One line for each variable. */
  override get message() {
    return this.problems.map(({ message }) => message).join("\n")
  }
}

/**
 * The settings in force. They are decoded once, when the agent starts. A command that goes on with settings that cannot be
 * used must say so: with `Bootstrap`, which fails with everything that is wrong with a start at once.
 */
export class Config extends Context.Service<
  Config,
  {
    /** Decoded values by variable name; the default for one that cannot be used. */
    readonly settings: Settings
    /** Every setting, in table order. */
    readonly inForce: ReadonlyArray<SettingInForce>
    /** Clamped, unreadable and unknown variables; one sentence each. */
    readonly warnings: ReadonlyArray<string>
    /** The settings that are used but whose value cannot be, in table order. */
    readonly problems: ReadonlyArray<InvalidSetting>
  }
>()("agent/Config") {}
