import { Result } from "effect"
import type { Json, JsonObject } from "../../../services/Bootstrap.ts"
import { camelCase, isObject } from "../protoJson.ts"
import { by, type Part, type PartObject } from "../provenance.ts"

/** The files whose contents go into a generated bootstrap, in the order in which they do. */
export const mergedFiles = [
  "ENVOY_TRACING_CFG_FILE",
  "ENVOY_STATS_CONFIG_FILE",
  "ENVOY_STATS_SINKS_CFG_FILE",
  "ENVOY_RESOURCES_CONFIG_FILE"
] as const
export type MergedFile = (typeof mergedFiles)[number]

/** A custom file as it was read; undefined is an empty one. */
export interface CustomFile {
  readonly variable: MergedFile
  readonly path: string
  readonly value: Json | undefined
  /** `line 3, column 1`: where a top-level key stands; without one, where the content begins. */
  readonly placeOf: (key?: string) => string
}

/** Parts that exist once: a second one is a mistake, not a replacement. */
const single = ["tracing", "statsConfig"]
const resourceLists = ["listeners", "clusters", "secrets"]

const isPartObject = (value: Part | undefined): value is PartObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isPartList = (value: Part | undefined): value is ReadonlyArray<Part> => Array.isArray(value)

const problemIn = (file: CustomFile, what: string, key?: string) =>
  `${file.variable}=${file.path}: ${file.placeOf(key)}: ${what}`

/** Top-level fields by their camelCase names; a field in both forms is a mistake. */
const fieldsOf = (
  file: CustomFile,
  value: JsonObject
): Result.Result<ReadonlyMap<string, readonly [string, Json]>, string> => {
  const fields = new Map<string, readonly [string, Json]>()
  for (const [written, field] of Object.entries(value)) {
    const known = fields.get(camelCase(written))
    if (known !== undefined) {
      return Result.fail(problemIn(file, `${written} stands beside ${known[0]}: leave one of them`, written))
    }
    fields.set(camelCase(written), [written, field])
  }
  return Result.succeed(fields)
}

const appended = (
  existing: Part | undefined,
  added: ReadonlyArray<Json>,
  variable: MergedFile
): ReadonlyArray<Part> => [...(isPartList(existing) ? existing : []), ...added.map((item) => by(item, variable))]

/** `staticResources`: lists grow, other contents are added where nothing stands yet. */
const withResources = (
  file: CustomFile,
  key: string,
  existing: Part | undefined,
  added: Json
): Result.Result<PartObject, string> => {
  if (!isObject(added))
    return Result.fail(problemIn(file, `${key} is no object of listeners, clusters and secrets`, key))
  const resources: Record<string, Part | undefined> = isPartObject(existing) ? { ...existing } : {}
  for (const [written, field] of Object.entries(added)) {
    const name = camelCase(written)
    if (!resourceLists.includes(name)) resources[name] ??= by(field, file.variable)
    else if (Array.isArray(field)) resources[name] = appended(resources[name], field, file.variable)
    else if (field !== null) return Result.fail(problemIn(file, `${key}.${written} is no list`, key))
  }
  return Result.succeed(resources)
}

interface Merged {
  readonly parts: PartObject
  readonly warnings: ReadonlyArray<string>
}

/** What must be in a file, beside whatever else is in it. */
const required: Partial<Record<MergedFile, string>> = { ENVOY_STATS_SINKS_CFG_FILE: "statsSinks" }

const mergeOne = (parts: PartObject, file: CustomFile): Result.Result<Merged, string> => {
  if (file.value === undefined) {
    const empty = `${file.variable}=${file.path} is empty`
    return file.variable === "ENVOY_RESOURCES_CONFIG_FILE"
      ? Result.succeed({ parts, warnings: [`${empty}: nothing is added to the bootstrap`] })
      : Result.fail(`${empty}: expected a part of an Envoy bootstrap, or leave the variable unset`)
  }
  if (!isObject(file.value))
    return Result.fail(problemIn(file, "expected fields of an Envoy bootstrap, like static_resources"))
  const fields = fieldsOf(file, file.value)
  if (Result.isFailure(fields)) return Result.fail(fields.failure)
  const needed = required[file.variable]
  const found = needed === undefined ? undefined : fields.success.get(needed)?.[1]
  if (needed !== undefined && !(Array.isArray(found) && found.length > 0)) {
    return Result.fail(problemIn(file, "there are no stats_sinks in it: expected a list of at least one"))
  }
  const merged: Record<string, Part | undefined> = { ...parts }
  const warnings: Array<string> = []
  for (const [key, [written, value]] of fields.success) {
    if (key === "statsSinks") {
      if (!Array.isArray(value)) return Result.fail(problemIn(file, `${written} is no list`, written))
      merged[key] = appended(merged[key], value, file.variable)
    } else if (key === "staticResources") {
      const resources = withResources(file, written, merged[key], value)
      if (Result.isFailure(resources)) return Result.fail(resources.failure)
      merged[key] = resources.success
    } else if (merged[key] !== undefined && single.includes(key)) {
      return Result.fail(problemIn(file, `${written} is in the bootstrap already: leave one of them`, written))
    } else {
      if (merged[key] !== undefined) {
        warnings.push(problemIn(file, `${written} takes the place of the one that was generated`, written))
      }
      merged[key] = by(value, file.variable)
    }
  }
  return Result.succeed({ parts: merged, warnings })
}

/** Puts the files into the bootstrap, one after the other; what is wrong in each is told. */
export const mergeFiles = (
  parts: PartObject,
  files: ReadonlyArray<CustomFile>
): Result.Result<Merged, ReadonlyArray<string>> => {
  let merged = parts
  const warnings: Array<string> = []
  const problems: Array<string> = []
  for (const file of files) {
    const one = mergeOne(merged, file)
    if (Result.isFailure(one)) problems.push(one.failure)
    else {
      merged = one.success.parts
      warnings.push(...one.success.warnings)
    }
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed({ parts: merged, warnings })
}
