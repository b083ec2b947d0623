import type { Decision, Json, JsonObject } from "../../services/Bootstrap.ts"
import type { SettingName } from "../../services/Settings.ts"
import { camelCase, isObject } from "./protoJson.ts"

type Path = Decision["path"]

export interface Rejection {
  /** Envoy's own words, without what stands before and after them. */
  readonly reason: string
  /** The wrong field, like `staticResources.clusters[0].name`; undefined where Envoy's words do not lead to one. */
  readonly path: string | undefined
  /** What decided it. */
  readonly variables: ReadonlyArray<SettingName>
}

const show = (path: Path) =>
  path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`
    return text === "" ? step : `${text}.${step}`
  }, "")

/** `a.b[0].c_d` as steps. What stands for the contents of an Any is no step of ours. */
const stepsOf = (text: string): Path =>
  [...text.matchAll(/\[(\d+)\]|<any>|([^.[\]<>\s]+)/g)].flatMap(([, index, name]): Path => {
    if (index !== undefined) return [Number(index)]
    return name === undefined ? [] : [camelCase(name)]
  })

interface Words {
  readonly reason: string
  readonly path?: Path
}

/** `invalid JSON in TYPE @ PATH: message TYPE, near 1:41 (offset 40): REASON` */
const fromParser = (words: string): Words | undefined => {
  const [, path, reason] = /invalid JSON in \S+ @ ?(\S*): .*?\(offset \d+\): (.*)$/.exec(words) ?? []
  if (path === undefined || reason === undefined) return undefined
  const [, unknown] = /^no such field: '(.*)'/.exec(reason) ?? []
  return { reason, path: [...stepsOf(path), ...(unknown === undefined ? [] : [camelCase(unknown)])] }
}

/** `(BootstrapValidationError.StaticResources: ... | caused by ClusterValidationError.Name: REASON)` */
const fromConstraints = (words: string): Words | undefined => {
  const chain = [...words.matchAll(/\w+ValidationError\.(\w+)((?:\[\d+\])?)/g)]
  if (chain.length === 0) return undefined
  const path = chain.flatMap(([, name = "", index = ""]) =>
    stepsOf(`${name[0]?.toLowerCase()}${name.slice(1)}${index}`)
  )
  const [, reason = words] = /.*ValidationError\.[^:]*: (.*?)\)*$/.exec(words) ?? []
  return { reason, path }
}

/** Where a text stands as a value. */
const placeOf = (json: Json, text: string, path: Path = []): Path | undefined => {
  if (json === text) return path
  const fields: ReadonlyArray<readonly [string | number, Json]> = Array.isArray(json)
    ? json.map((item: Json, i) => [i, item] as const)
    : isObject(json)
      ? Object.entries(json)
      : []
  for (const [step, field] of fields) {
    const found = placeOf(field, text, [...path, step])
    if (found !== undefined) return found
  }
  return undefined
}

/** What is quoted, else what stands after the last colon, is most often a value of the bootstrap. */
const fromValues = (words: string, value: JsonObject): Words => {
  const quoted = [...words.matchAll(/'([^']+)'/g)].map(([, text = ""]) => text)
  const last = /: (\S+?)\.?( |$)/.exec(words)?.[1]
  for (const text of [...quoted, ...(last === undefined ? [] : [last])]) {
    const path = placeOf(value, text)
    if (path !== undefined) return { reason: words, path }
  }
  return { reason: words }
}

const isWithin = (path: Path, outer: Path) =>
  outer.every((step, i) => (typeof step === "string" ? camelCase(step) : step) === path[i])

/** What Envoy puts around the reason: a status, and the whole bootstrap once more. */
const around = [
  /^error initializing configuration '[^']*': (.*)$/,
  /^Unable to parse JSON as proto \((?:[A-Z_]+: )?(.*?)\): \{.*$/,
  /^Protobuf message \(type \S+ reason (?:[A-Z_]+: )?(.*)\) has unknown fields$/,
  /^goo\.gle\/debug\w+ .*: (Proto constraint validation failed .*)$/
]

/** The error that Envoy ended with, on one line; else all that it said. */
const errorIn = (output: string): string => {
  const critical = /\[(?:critical|error)\]\[[^\]]*\] (?:\[[^\]]*\] )?([\s\S]*)/.exec(output)?.[1] ?? output
  return around.reduce((words, pattern) => pattern.exec(words)?.[1] ?? words, critical.replace(/\s+/g, " ").trim())
}

/** Reads what `envoy --mode validate` says of a bootstrap that it does not take. */
export const readRejection = (output: string, value: JsonObject, decisions: ReadonlyArray<Decision>): Rejection => {
  const words = errorIn(output)
  const { path, reason } = fromParser(words) ?? fromConstraints(words) ?? fromValues(words, value)
  if (path === undefined) return { reason, path, variables: [] }
  const steps = path.map((step) => (typeof step === "string" ? camelCase(step) : step))
  const closest = decisions
    .filter((decision) => isWithin(steps, decision.path))
    .toSorted((a, b) => b.path.length - a.path.length)
  return { reason, path: show(path), variables: closest[0]?.by ?? [] }
}
