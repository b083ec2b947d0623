// From Envoy's error message to the field of the bootstrap, and from the field to the variables that determine it.
import type { Json, JsonObject, PartSource } from "../../services/Bootstrap.ts"
import { printableLine } from "../../services/foreignText.ts"
import type { SettingName } from "../../services/Settings.ts"
import { camelCase, isObject } from "./protoJson.ts"

type Path = PartSource["path"]

export interface Rejection {
  /** Envoy's error message, without what it repeats of the bootstrap. */
  readonly reason: string
  /** The rejected field, like `staticResources.clusters[0].name`; undefined if the message leads to none. */
  readonly path: string | undefined
  /** The variables that determine the field. */
  readonly variables: ReadonlyArray<SettingName>
}

const formatPath = (path: Path) =>
  path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`
    return text === "" ? step : `${text}.${step}`
  }, "")

/** `a.b[0].c_d` as steps. `<any>`, with which Envoy marks the contents of an Any, is no step. */
const parsePath = (text: string): Path =>
  [...text.matchAll(/\[(\d+)\]|<any>|([^.[\]<>\s]+)/g)].flatMap(([, index, name]): Path => {
    if (index !== undefined) return [Number(index)]
    return name === undefined ? [] : [camelCase(name)]
  })

interface LocatedReason {
  readonly reason: string
  readonly path?: Path
}

/**
 * Reads `invalid JSON in TYPE @ PATH: message TYPE, near 1:41 (offset 40): REASON`, which Envoy's JSON parser writes.
 */
const locateJsonError = (message: string): LocatedReason | undefined => {
  const [, path, reason] = /invalid JSON in \S+ @ ?(\S*): .*?\(offset \d+\): (.*)$/.exec(message) ?? []
  if (path === undefined || reason === undefined) return undefined
  const [, unknownField] = /^no such field: '(.*)'/.exec(reason) ?? []
  return { reason, path: [...parsePath(path), ...(unknownField === undefined ? [] : [camelCase(unknownField)])] }
}

/** Reads `(BootstrapValidationError.StaticResources: ... | caused by ClusterValidationError.Name: REASON)`. */
const locateConstraintError = (message: string): LocatedReason | undefined => {
  const chain = [...message.matchAll(/\w+ValidationError\.(\w+)((?:\[\d+\])?)/g)]
  if (chain.length === 0) return undefined
  const path = chain.flatMap(([, name = "", index = ""]) =>
    parsePath(`${name[0]?.toLowerCase()}${name.slice(1)}${index}`)
  )
  const [, reason = message] = /.*ValidationError\.[^:]*: (.*?)\)*$/.exec(message) ?? []
  return { reason, path }
}

/** The path of the first field that has this text as its value. */
const pathOfValue = (json: Json, text: string, path: Path = []): Path | undefined => {
  if (json === text) return path
  const fields: ReadonlyArray<readonly [string | number, Json]> = Array.isArray(json)
    ? json.map((item: Json, index) => [index, item] as const)
    : isObject(json)
      ? Object.entries(json)
      : []
  for (const [step, field] of fields) {
    const found = pathOfValue(field, text, [...path, step])
    if (found !== undefined) return found
  }
  return undefined
}

/** Most other messages name a value of the bootstrap, in quotes or after their last colon. */
const locateByValue = (message: string, bootstrap: JsonObject): LocatedReason => {
  const quoted = [...message.matchAll(/'([^']+)'/g)].map(([, text = ""]) => text)
  const last = /: (\S+?)\.?( |$)/.exec(message)?.[1]
  for (const text of [...quoted, ...(last === undefined ? [] : [last])]) {
    const path = pathOfValue(bootstrap, text)
    if (path !== undefined) return { reason: message, path }
  }
  return { reason: message }
}

/** What Envoy writes around its reason: the name of the file, a gRPC status, the whole bootstrap once more. */
const envelopes = [
  /^error initializing configuration '[^']*': (.*)$/,
  /^Unable to parse JSON as proto \((?:[A-Z_]+: )?(.*?)\): \{.*$/,
  /^Protobuf message \(type \S+ reason (?:[A-Z_]+: )?(.*)\) has unknown fields$/,
  /^goo\.gle\/debug\w+ .*: (Proto constraint validation failed .*)$/
]

/** The error message in Envoy's output, on one line; the whole output if it has no critical or error line. */
const errorMessage = (output: string): string => {
  const critical = /\[(?:critical|error)\]\[[^\]]*\] (?:\[[^\]]*\] )?([\s\S]*)/.exec(output)?.[1] ?? output
  return envelopes.reduce(
    (message, envelope) => envelope.exec(message)?.[1] ?? message,
    critical.replace(/\s+/g, " ").trim()
  )
}

const inCamelCase = (path: Path): Path => path.map((step) => (typeof step === "string" ? camelCase(step) : step))

const isInside = (path: Path, outer: Path) => inCamelCase(outer).every((step, index) => step === path[index])

const longestReason = 500

/** Reads the output of `envoy --mode validate` for a bootstrap that Envoy rejects. */
export const readRejection = (output: string, bootstrap: JsonObject, sources: ReadonlyArray<PartSource>): Rejection => {
  const message = errorMessage(output)
  const { path, reason: whole } =
    locateJsonError(message) ?? locateConstraintError(message) ?? locateByValue(message, bootstrap)
  const reason = printableLine(whole).slice(0, longestReason)
  if (path === undefined) return { reason, path, variables: [] }
  const [innermost] = sources
    .filter((source) => isInside(inCamelCase(path), source.path))
    .toSorted((a, b) => b.path.length - a.path.length)
  return { reason, path: formatPath(path), variables: innermost?.variables ?? [] }
}
