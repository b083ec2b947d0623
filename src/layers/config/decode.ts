import { Redacted, Result, Schema } from "effect"
import type { SettingInForce, SettingProblem, SettingSource } from "../../services/Config.ts"
import { type SettingName, type Settings, settingsTable } from "../../services/Settings.ts"
import { type Setting, showDuration } from "../../services/settingKinds.ts"
import { nearestName } from "./nearestName.ts"

export type Environment = Readonly<Record<string, string | undefined>>

export interface Decoded {
  readonly settings: Settings
  readonly inForce: ReadonlyArray<SettingInForce>
  readonly warnings: ReadonlyArray<string>
}

export type Problems = readonly [SettingProblem, ...ReadonlyArray<SettingProblem>]

type Table = { readonly [K in SettingName]: Setting<Settings[K]> }

const table: Table = settingsTable

const isName = (name: string): name is SettingName => Object.hasOwn(table, name)

/** Every known variable, in table order. */
export const settingNames: ReadonlyArray<SettingName> = Object.keys(table).filter(isName)

const redacted = "<redacted>"

/** Keeps a message on one line, whatever a variable holds. */
const printable = (text: string) => text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))

type Shown = SettingInForce["value"]

const shownValue = (row: Setting<unknown>, value: unknown): Shown => {
  if (Redacted.isRedacted(value)) return redacted
  if (row.unit === "duration" && typeof value === "number") return showDuration(value)
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null
}

interface Outcome<A> {
  readonly value: A
  readonly source: SettingSource
  readonly warning?: string
  readonly problem?: SettingProblem
}

const decodeOne = <A>(name: SettingName, row: Setting<A>, given: string | undefined): Outcome<A> => {
  const byDefault = { value: row.default, source: "default" } as const
  const text = given?.trim() ?? ""
  if (text === "") return byDefault

  const decode = Schema.decodeUnknownResult(row.schema)
  const decoded = decode(text)
  const shown = row.secret ? redacted : printable(text)
  if (Result.isFailure(decoded)) {
    const allowed = `expected ${row.allowed}`
    if (row.policy === "error") return { ...byDefault, problem: { name, value: shown, allowed } }
    const fallback = shownValue(row, row.default) ?? row.defaultText
    return { ...byDefault, warning: `${name}=${shown} cannot be read, ${allowed}: using ${fallback}` }
  }

  const value = decoded.success
  if (value === undefined) return byDefault
  if (row.range !== undefined && typeof value === "number") {
    const { minimum, maximum } = row.range
    const bound = Math.min(Math.max(value, minimum), maximum)
    const atBound = decode(`${bound}`)
    if (bound !== value && Result.isSuccess(atBound)) {
      const warning = `${name}=${shown} is outside ${minimum} to ${maximum}: using ${bound}`
      return { value: atBound.success, source: "clamped", warning }
    }
  }
  return { value, source: "environment" }
}

type Draft = { -readonly [K in SettingName]?: Settings[K] }

const isComplete = (draft: Draft): draft is Settings => settingNames.every((name) => Object.hasOwn(draft, name))

/** The health check goes by the interval of `ready` where it has none of its own. */
const healthInterval = (ready: Outcome<number>): Outcome<number> => {
  const value = Math.min(Math.max(ready.value, 2), 30) * 1000
  if (value === ready.value * 1000 || ready.source === "clamped") return { value, source: ready.source }
  const given = `APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S=${ready.value}`
  const warning = `${given} is outside 2 to 30 for HC_POLL_INTERVAL_MS, which is not set: using ${value}`
  return { value, source: "clamped", warning }
}

const unprivilegedPort = (userId: number): Partial<Setting<number>> =>
  userId === 0
    ? {}
    : {
        schema: table.APPNET_AGENT_HTTP_PORT.schema.check(Schema.isGreaterThan(1024)),
        allowed: "a port from 1025 to 65534, since this user is not root"
      }

const isOurs = /^(APPNET|ENVOY|APPMESH)_/

const unknownVariables = (environment: Environment): ReadonlyArray<string> =>
  Object.keys(environment)
    .filter((name) => isOurs.test(name) && !isName(name) && (environment[name] ?? "").trim() !== "")
    .sort()
    .map((name) => `${printable(name)} is set but is not a setting; did you mean ${nearestName(name, settingNames)}?`)

/** Decodes a whole environment: everything that is wrong with it at once, or the settings in force. */
export const decodeEnvironment = (environment: Environment, userId: number): Result.Result<Decoded, Problems> => {
  const draft: Draft = {}
  const outcomes = new Map<SettingName, Outcome<unknown>>()
  const put = <K extends SettingName>(name: K, outcome: Outcome<Settings[K]>) => {
    draft[name] = outcome.value
    outcomes.set(name, outcome)
    return outcome
  }
  const read = <K extends SettingName>(name: K, changed: Partial<Setting<Settings[K]>> = {}) =>
    put(name, decodeOne(name, { ...table[name], ...changed }, environment[name]))

  // What is said here about a row depends on the value of another.
  const wait = read("LISTENER_DRAIN_WAIT_TIME_S").value
  const shortest = Math.min(wait, table.LISTENER_DRAIN_MIN_WAIT_TIME_S.default)
  read("LISTENER_DRAIN_MIN_WAIT_TIME_S", { default: shortest, range: { minimum: 0, maximum: wait } })
  read("APPNET_ENVOY_ADMIN_ADDRESS", read("ENVOY_ADMIN_ACCESS_ENABLE_IPV6").value ? { default: "::" } : {})
  read("APPNET_AGENT_HTTP_PORT", unprivilegedPort(userId))
  const ready = read("APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S")
  const hasOwnInterval = (environment.HC_POLL_INTERVAL_MS ?? "").trim() !== ""
  if (!hasOwnInterval && ready.source !== "default") put("HC_POLL_INTERVAL_MS", healthInterval(ready))

  const isAddressUsed = read("ENABLE_ENVOY_DOG_STATSD").value && read("STATSD_SOCKET_PATH").value === undefined
  read("STATSD_ADDRESS", isAddressUsed ? {} : { policy: "fallback" })

  for (const name of settingNames) if (!outcomes.has(name)) read(name)
  if (!isComplete(draft)) throw new Error("a row of the settings table was not read")

  const ordered = settingNames.flatMap((name) => {
    const outcome = outcomes.get(name)
    return outcome === undefined ? [] : [{ name, outcome }]
  })
  const [first, ...others] = ordered.flatMap(({ outcome }) => outcome.problem ?? [])
  if (first !== undefined) return Result.fail([first, ...others])
  return Result.succeed({
    settings: draft,
    inForce: ordered.map(({ name, outcome }) => ({
      name,
      value: shownValue(table[name], outcome.value),
      source: outcome.source
    })),
    warnings: [...ordered.flatMap(({ outcome }) => outcome.warning ?? []), ...unknownVariables(environment)]
  })
}
