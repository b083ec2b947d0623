import type { Decision, Json, JsonObject } from "../../services/Bootstrap.ts"
import type { SettingName } from "../../services/Settings.ts"

/** A part of the bootstrap, and the variables that decided it. */
export class Decided {
  readonly part: Part
  readonly by: ReadonlyArray<SettingName>
  constructor(part: Part, by: ReadonlyArray<SettingName>) {
    this.part = part
    this.by = by
  }
}

/** proto3 JSON whose parts may say what decided them; an undefined field is left out. */
export type Part = null | boolean | number | string | Decided | ReadonlyArray<Part> | PartObject
export interface PartObject {
  readonly [key: string]: Part | undefined
}

/** Says which variables decided a part, wherever it ends up. */
export const by = (part: Part, ...variables: ReadonlyArray<SettingName>): Decided => new Decided(part, variables)

const isList = (part: Part): part is ReadonlyArray<Part> => Array.isArray(part)

export interface Settled {
  readonly value: JsonObject
  /** Outer parts before what they hold. */
  readonly decisions: ReadonlyArray<Decision>
}

/** The last step: plain proto3 JSON, with the decisions beside it. */
export const settle = (whole: PartObject): Settled => {
  const decisions: Array<Decision> = []
  const object = (part: PartObject, path: Decision["path"]): JsonObject => {
    const fields: Record<string, Json> = {}
    for (const [key, field] of Object.entries(part)) {
      if (field !== undefined) fields[key] = plain(field, [...path, key])
    }
    return fields
  }
  const plain = (part: Part, path: Decision["path"]): Json => {
    if (part instanceof Decided) {
      decisions.push({ path, by: part.by })
      return plain(part.part, path)
    }
    if (isList(part)) return part.map((item, i) => plain(item, [...path, i]))
    return typeof part === "object" && part !== null ? object(part, path) : part
  }
  return { value: object(whole, []), decisions }
}
