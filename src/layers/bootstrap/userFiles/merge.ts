import { Result } from "effect"
import type { Json, JsonObject } from "../../../services/Bootstrap.ts"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import { camelCase, isObject } from "../protoJson.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"
import type { MergedFile, MergedFileVariable } from "./mergedFiles.ts"

export interface Merged {
  readonly parts: PartObject
  readonly warnings: ReadonlyArray<string>
}

/** Fields that may exist only once: a file never replaces them. */
const unreplaceableFields = ["tracing", "statsConfig"]

/** The lists of `staticResources` that grow by the merge. */
const resourceLists = ["listeners", "clusters", "secrets"]

const isPartObject = (part: Part | undefined): part is PartObject =>
  typeof part === "object" && part !== null && !Array.isArray(part)
const isPartList = (part: Part | undefined): part is ReadonlyArray<Part> => Array.isArray(part)

const problemAt = ({ path, positionOf, variable }: MergedFile, key: string | undefined, reason: string) =>
  new UserFileError({ variable, path, position: positionOf(key), reason })

const emptyFile = ({ path, variable }: MergedFile, consequence: string) =>
  new UserFileError({ variable, path, position: undefined, reason: `is empty: ${consequence}` })

interface WrittenField {
  /** The name as the file has it. */
  readonly key: string
  readonly value: Json
}

/** Top-level fields by their camelCase name. One that is null counts as absent; one under both names is an error. */
const fieldsByName = (
  file: MergedFile,
  value: JsonObject
): Result.Result<ReadonlyMap<string, WrittenField>, UserFileError> => {
  const fields = new Map<string, WrittenField>()
  for (const [key, field] of Object.entries(value)) {
    if (field === null) continue
    const other = fields.get(camelCase(key))
    if (other !== undefined) {
      return Result.fail(problemAt(file, key, `${key} and ${other.key} are the same field: remove one of them`))
    }
    fields.set(camelCase(key), { key, value: field })
  }
  return Result.succeed(fields)
}

const append = (
  existing: Part | undefined,
  added: ReadonlyArray<Json>,
  variable: MergedFileVariable
): ReadonlyArray<Part> => [
  ...(isPartList(existing) ? existing : []),
  ...added.map((item) => withSource(item, variable))
]

/** `staticResources`: its lists are appended to, any other field is added if there is none yet. */
const mergeStaticResources = (
  file: MergedFile,
  existing: Part | undefined,
  { key, value }: WrittenField
): Result.Result<PartObject, UserFileError> => {
  if (!isObject(value)) {
    return Result.fail(problemAt(file, key, `${key} is not an object of listeners, clusters and secrets`))
  }
  const resources: Record<string, Part | undefined> = isPartObject(existing) ? { ...existing } : {}
  for (const [listKey, list] of Object.entries(value)) {
    const name = camelCase(listKey)
    if (list === null) continue
    if (!resourceLists.includes(name)) resources[name] ??= withSource(list, file.variable)
    else if (Array.isArray(list)) resources[name] = append(resources[name], list, file.variable)
    else return Result.fail(problemAt(file, key, `${key}.${listKey} is not a list`))
  }
  return Result.succeed(resources)
}

/** Checks that a file for stats sinks says which there are. An empty list says that there are none. */
const checkStatsSinks = (
  file: MergedFile,
  fields: ReadonlyMap<string, WrittenField>
): Result.Result<void, UserFileError> => {
  if (file.variable !== "ENVOY_STATS_SINKS_CFG_FILE" || fields.has("statsSinks")) return Result.void
  return Result.fail(problemAt(file, undefined, "the file has no stats_sinks: expected a list, empty for none"))
}

const mergeField = (
  parts: PartObject,
  file: MergedFile,
  name: string,
  field: WrittenField
): Result.Result<Merged, UserFileError> => {
  const { key, value } = field
  const existing = parts[name]
  const replaceWith = (part: Part, warnings: ReadonlyArray<string> = []) =>
    Result.succeed({ parts: { ...parts, [name]: part }, warnings })
  if (name === "statsSinks") {
    return Array.isArray(value)
      ? replaceWith(append(existing, value, file.variable))
      : Result.fail(problemAt(file, key, `${key} is not a list`))
  }
  if (name === "staticResources") {
    return Result.flatMap(mergeStaticResources(file, existing, field), (resources) => replaceWith(resources))
  }
  if (existing === undefined) return replaceWith(withSource(value, file.variable))
  if (unreplaceableFields.includes(name)) {
    return Result.fail(problemAt(file, key, `${key} is in the bootstrap already: remove one of them`))
  }
  return replaceWith(withSource(value, file.variable), [
    problemAt(file, key, `${key} replaces the generated one`).message
  ])
}

const mergeFile = (parts: PartObject, file: MergedFile): Result.Result<Merged, UserFileError> => {
  if (file.value === undefined) {
    return file.variable === "ENVOY_RESOURCES_CONFIG_FILE"
      ? Result.succeed({ parts, warnings: [emptyFile(file, "nothing is added to the bootstrap").message] })
      : Result.fail(emptyFile(file, "expected a part of an Envoy bootstrap, or leave the variable unset"))
  }
  if (!isObject(file.value)) {
    return Result.fail(problemAt(file, undefined, "expected fields of an Envoy bootstrap, like static_resources"))
  }
  const fields = fieldsByName(file, file.value)
  if (Result.isFailure(fields)) return Result.fail(fields.failure)
  const sinks = checkStatsSinks(file, fields.success)
  if (Result.isFailure(sinks)) return Result.fail(sinks.failure)

  let merged: Merged = { parts, warnings: [] }
  for (const [name, field] of fields.success) {
    const next = mergeField(merged.parts, file, name, field)
    if (Result.isFailure(next)) return next
    merged = { parts: next.success.parts, warnings: [...merged.warnings, ...next.success.warnings] }
  }
  return Result.succeed(merged)
}

/** Merges the files into a generated bootstrap, in their order. Fails with the first problem of each file. */
export const mergeFiles = (
  parts: PartObject,
  files: ReadonlyArray<MergedFile>
): Result.Result<Merged, ReadonlyArray<UserFileError>> => {
  let merged: Merged = { parts, warnings: [] }
  const problems: Array<UserFileError> = []
  for (const file of files) {
    const next = mergeFile(merged.parts, file)
    if (Result.isFailure(next)) problems.push(next.failure)
    else merged = { parts: next.success.parts, warnings: [...merged.warnings, ...next.success.warnings] }
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(merged)
}
