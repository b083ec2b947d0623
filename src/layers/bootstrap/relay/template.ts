import type { Part, PartObject } from "../provenance.ts"

/** Proto3 JSON of a file in `resources/`. `{ "!value": NAME }` is a placeholder for the value of that name. */
export type Template = null | boolean | number | string | ReadonlyArray<Template> | TemplateObject
export interface TemplateObject {
  readonly [key: string]: Template
}

const isList = (template: Template): template is ReadonlyArray<Template> => Array.isArray(template)

/** What `scripts/yaml-modules.mjs` makes of `!value NAME`. */
const placeholderKey = "!value"

/** The names of a template's placeholders, with repetitions. */
export const placeholderNames = (template: Template): ReadonlyArray<string> => {
  if (typeof template !== "object" || template === null) return []
  if (isList(template)) return template.flatMap(placeholderNames)
  const name = template[placeholderKey]
  return typeof name === "string" ? [name] : Object.values(template).flatMap(placeholderNames)
}

const fillPart = (template: Template, values: PartObject): Part | undefined => {
  if (typeof template !== "object" || template === null) return template
  if (isList(template)) return template.flatMap((item) => fillPart(item, values) ?? [])
  const name = template[placeholderKey]
  return typeof name === "string" ? values[name] : fillTemplate(template, values)
}

/**
 * Replaces the placeholders by values. A value is data, not text, so it cannot break out of its field. Where a value is
 * undefined, its field is left out.
 */
export const fillTemplate = (template: TemplateObject, values: PartObject): PartObject =>
  Object.fromEntries(Object.entries(template).map(([key, field]) => [key, fillPart(field, values)]))
