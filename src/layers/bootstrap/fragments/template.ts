import type { Part, PartObject } from "../provenance.ts"

/** proto3 JSON of a file in `resources/`; `{ "!value": NAME }` stands for a value that is put in. */
export type Template = null | boolean | number | string | ReadonlyArray<Template> | TemplateObject
export interface TemplateObject {
  readonly [key: string]: Template
}

const isList = (template: Template): template is ReadonlyArray<Template> => Array.isArray(template)

const valueTag = "!value"

/** The names of the values that a template wants, each as often as it stands there. */
export const wanted = (template: Template): ReadonlyArray<string> => {
  if (typeof template !== "object" || template === null) return []
  if (isList(template)) return template.flatMap(wanted)
  const name = template[valueTag]
  return typeof name === "string" ? [name] : Object.values(template).flatMap(wanted)
}

const filledPart = (template: Template, values: PartObject): Part | undefined => {
  if (typeof template !== "object" || template === null) return template
  if (isList(template)) return template.flatMap((item) => filledPart(item, values) ?? [])
  const name = template[valueTag]
  return typeof name === "string" ? values[name] : filled(template, values)
}

/**
 * The template with values in their places: as data, whatever characters they hold. A value that is undefined leaves its
 * field out.
 */
export const filled = (template: TemplateObject, values: PartObject): PartObject =>
  Object.fromEntries(Object.entries(template).map(([key, field]) => [key, filledPart(field, values)]))
