import type { Json, JsonObject, PartSource } from "../../services/Bootstrap.ts"
import type { SettingName } from "../../services/Settings.ts"

// While the bootstrap is assembled, each part carries the variables that determine it. So a fragment names the variable
// at the place where it uses the value, and nobody has to keep a second list of paths.

/** A part of the bootstrap, with the variables that determine it. */
export class Sourced {
  readonly part: Part
  readonly variables: ReadonlyArray<SettingName>
  constructor(part: Part, variables: ReadonlyArray<SettingName>) {
    this.part = part
    this.variables = variables
  }
}

/** Proto3 JSON in which any value may be `Sourced`. An undefined field is left out. */
export type Part = null | boolean | number | string | Sourced | ReadonlyArray<Part> | PartObject
export interface PartObject {
  readonly [key: string]: Part | undefined
}

/** Marks a part with the variables that determine it. */
export const withSource = (part: Part, ...variables: ReadonlyArray<SettingName>): Sourced =>
  new Sourced(part, variables)

const isList = (part: Part): part is ReadonlyArray<Part> => Array.isArray(part)

export interface SplitParts {
  readonly value: JsonObject
  /** In the order of the bootstrap; a part comes before the parts inside it. */
  readonly sources: ReadonlyArray<PartSource>
}

/** Separates the parts into plain proto3 JSON and the list of their sources, by path. */
export const splitSources = (parts: PartObject): SplitParts => {
  const sources: Array<PartSource> = []
  // A name like __proto__ is a field like any other here.
  const plainObject = (part: PartObject, path: PartSource["path"]): JsonObject =>
    Object.fromEntries(
      Object.entries(part).flatMap(([key, field]) =>
        field === undefined ? [] : [[key, plainValue(field, [...path, key])]]
      )
    )
  const plainValue = (part: Part, path: PartSource["path"]): Json => {
    if (part instanceof Sourced) {
      sources.push({ path, variables: part.variables })
      return plainValue(part.part, path)
    }
    if (isList(part)) return part.map((item, index) => plainValue(item, [...path, index]))
    return typeof part === "object" && part !== null ? plainObject(part, path) : part
  }
  return { value: plainObject(parts, []), sources }
}

/** Whether a variable determines any part. */
export const usesVariable = (sources: ReadonlyArray<PartSource>, name: SettingName): boolean =>
  sources.some(({ variables }) => variables.includes(name))
