import { Redacted, Result, Schema } from "effect"
import { InvalidSetting, type SettingInForce, type SettingSource } from "../../services/Config.ts"
import { foreignLine, printableLine } from "../../services/foreignText.ts"
import { formatDuration } from "../../services/goDuration.ts"
import { highestPrivilegedPort } from "../../services/managementSettings.ts"
import type { Setting } from "../../services/Setting.ts"
import { type SettingName, type Settings, settingsTable } from "../../services/Settings.ts"
import { isUsed } from "./settingUse.ts"
import { serviceOfVariable, unknownVariables } from "./unknownVariables.ts"

export type Environment = Readonly<Record<string, string | undefined>>

export interface DecodedEnvironment {
  /** Those whose value cannot be used hold their default. */
  readonly settings: Settings
  /** In table order. */
  readonly inForce: ReadonlyArray<SettingInForce>
  /** One sentence each. */
  readonly warnings: ReadonlyArray<string>
  /** Settings that are used and whose value cannot be, in table order. */
  readonly problems: ReadonlyArray<InvalidSetting>
}

export type InvalidSettingList = readonly [InvalidSetting, ...ReadonlyArray<InvalidSetting>]

const table: { readonly [K in SettingName]: Setting<Settings[K]> } = settingsTable

const isSettingName = (name: string): name is SettingName => Object.hasOwn(table, name)

/** The name of every setting, in table order. */
export const settingNames: ReadonlyArray<SettingName> = Object.keys(table).filter(isSettingName)

const redacted = "<redacted>"

const displayValue = (row: Setting<unknown>, value: unknown): SettingInForce["value"] => {
  if (Redacted.isRedacted(value)) return redacted
  if (row.unit === "duration" && typeof value === "number") return formatDuration(value)
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null
}

/** Where a value comes from that nobody set on purpose. */
const kubernetesHint = (name: string, value: string): string => {
  const service = serviceOfVariable(name, value)
  return service === undefined
    ? ""
    : ` (Kubernetes sets it for a Service named ${service}, unless the pod has enableServiceLinks: false)`
}

/** One decoded setting. Where there is a problem, the value is the default. */
interface DecodedSetting<A> {
  readonly value: A
  readonly source: SettingSource
  readonly warning?: string
  readonly problem?: InvalidSetting
}

const decodeSetting = <A>(name: SettingName, row: Setting<A>, value: string | undefined): DecodedSetting<A> => {
  const byDefault = { value: row.default, source: "default" } as const
  const text = value?.trim() ?? ""
  if (text === "") return byDefault

  const decode = Schema.decodeUnknownResult(row.schema)
  const decoded = decode(text)
  const displayText = row.secret ? redacted : foreignLine(text)
  if (Result.isFailure(decoded)) {
    if (row.policy === "error") {
      const reason = `is invalid: expected ${row.allowed}${kubernetesHint(name, text)}`
      return { ...byDefault, problem: new InvalidSetting({ variable: name, value: displayText, reason }) }
    }
    const fallback = displayValue(row, row.default) ?? row.defaultText
    return {
      ...byDefault,
      warning: `${name}=${displayText} cannot be read, expected ${row.allowed}: using ${fallback}`
    }
  }

  if (decoded.success === undefined) {
    return row.warnsIfUnset
      ? { ...byDefault, warning: `${name}=${displayText} counts as not set: expected ${row.allowed}` }
      : byDefault
  }
  if (row.range !== undefined && typeof decoded.success === "number") {
    const { maximum, minimum } = row.range
    const bounded = Math.min(Math.max(decoded.success, minimum), maximum)
    const clamped = decode(`${bounded}`)
    if (bounded !== decoded.success && Result.isSuccess(clamped)) {
      const warning = `${name}=${displayText} is outside ${minimum} to ${maximum}: using ${bounded}`
      return { value: clamped.success, source: "clamped", warning }
    }
  }
  return { value: decoded.success, source: "environment" }
}

type PartialSettings = { -readonly [K in SettingName]?: Settings[K] }

const isComplete = (settings: PartialSettings): settings is Settings =>
  settingNames.every((name) => Object.hasOwn(settings, name))

/** The interval of health checks if only that of `appnet-agent ready` is set: the same, within its own range. */
const healthIntervalFrom = (readyInterval: DecodedSetting<number>): DecodedSetting<number> => {
  const value = Math.min(Math.max(readyInterval.value, 2), 30) * 1000
  if (value === readyInterval.value * 1000 || readyInterval.source === "clamped") {
    return { value, source: readyInterval.source }
  }
  const variable = `APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S=${readyInterval.value}`
  const warning = `${variable} is outside 2 to 30 for HC_POLL_INTERVAL_MS, which is not set: using ${value}`
  return { value, source: "clamped", warning }
}

const unprivilegedPort = (userId: number): Partial<Setting<number>> =>
  userId === 0
    ? {}
    : {
        schema: table.APPNET_AGENT_HTTP_PORT.schema.check(Schema.isGreaterThan(highestPrivilegedPort)),
        allowed: "a port from 1025 to 65534, since this user is not root"
      }

/** Decodes a whole environment, with everything that is wrong with it. */
export const readEnvironment = (environment: Environment, userId: number): DecodedEnvironment => {
  const settings: PartialSettings = {}
  const decodedByName = new Map<SettingName, DecodedSetting<unknown>>()
  const store = <K extends SettingName>(name: K, decoded: DecodedSetting<Settings[K]>) => {
    settings[name] = decoded.value
    decodedByName.set(name, decoded)
    return decoded
  }
  const decode = <K extends SettingName>(name: K, changes: Partial<Setting<Settings[K]>> = {}) =>
    store(name, decodeSetting(name, { ...table[name], ...changes }, environment[name]))

  // Rows that depend on the value of another row.
  const drainWait = decode("LISTENER_DRAIN_WAIT_TIME_S").value
  decode("LISTENER_DRAIN_MIN_WAIT_TIME_S", {
    default: Math.min(drainWait, table.LISTENER_DRAIN_MIN_WAIT_TIME_S.default),
    range: { minimum: 0, maximum: drainWait }
  })
  decode("APPNET_ENVOY_ADMIN_ADDRESS", decode("ENVOY_ADMIN_ACCESS_ENABLE_IPV6").value ? { default: "::" } : {})
  decode("APPNET_AGENT_HTTP_PORT", unprivilegedPort(userId))
  const readyInterval = decode("APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S")
  const hasHealthInterval = (environment.HC_POLL_INTERVAL_MS ?? "").trim() !== ""
  if (!hasHealthInterval && readyInterval.source !== "default") {
    store("HC_POLL_INTERVAL_MS", healthIntervalFrom(readyInterval))
  }
  for (const name of settingNames) if (!decodedByName.has(name)) decode(name)
  if (!isComplete(settings)) throw new Error("a row of the settings table was not decoded")

  const inTableOrder = settingNames.flatMap((name) => {
    const decoded = decodedByName.get(name)
    return decoded === undefined ? [] : [{ name, ...decoded }]
  })
  const invalid = new Set(inTableOrder.flatMap(({ name, problem }) => (problem === undefined ? [] : [name])))
  const isInUse = isUsed({ settings, isInvalid: (name) => invalid.has(name) })
  const problems: Array<InvalidSetting> = []
  const warnings: Array<string> = []
  for (const { name, problem, warning } of inTableOrder) {
    if (problem !== undefined && isInUse(name)) problems.push(problem)
    else if (problem !== undefined)
      warnings.push(problem.message.replace(" is invalid: ", " is invalid, but not used: "))
    if (warning !== undefined) warnings.push(warning)
  }
  const unknown = unknownVariables(environment, settingNames).map(
    ({ name, nearest }) => `${printableLine(name)} is set but is not a setting; did you mean ${nearest}?`
  )
  return {
    settings,
    inForce: inTableOrder.map(({ name, source, value }) => ({ name, value: displayValue(table[name], value), source })),
    warnings: [...warnings, ...unknown],
    problems
  }
}

/** The same, as a failure with every invalid setting that is used, not only the first. */
export const decodeEnvironment = (
  environment: Environment,
  userId: number
): Result.Result<DecodedEnvironment, InvalidSettingList> => {
  const decoded = readEnvironment(environment, userId)
  const [first, ...others] = decoded.problems
  return first === undefined ? Result.succeed(decoded) : Result.fail([first, ...others])
}
