import { Result } from "effect"
import type { Json } from "../../../services/Bootstrap.ts"
import { maximumYamlDepth, maximumYamlValues } from "./limits.ts"

/**
 * Converts what the YAML parser makes to proto3 JSON: an integer beyond 2^53 becomes text, binary data becomes base64.
 * Fails with a reason if JSON has no such value, or if aliases expand to more than `maximumYamlValues`.
 */
export const yamlToJson = (document: unknown): Result.Result<Json | undefined, string> => {
  let values = 0
  let reason: string | undefined
  const convert = (value: unknown, depth: number): Json => {
    values += 1
    // An alias may stand inside the collection that it refers to, so the depth may have no end.
    if (values > maximumYamlValues || depth > maximumYamlDepth) {
      reason ??= `aliases expand to more than ${maximumYamlValues} values`
    }
    if (reason !== undefined) return null
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "bigint":
        return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
      case "number":
        if (!Number.isFinite(value)) reason ??= `${value} is not a JSON value`
        return value
      case "object":
        if (value === null) return null
        if (Array.isArray(value)) return value.map((item: unknown) => convert(item, depth + 1))
        if (value instanceof Uint8Array) return Buffer.from(value).toString("base64")
        return Object.fromEntries(
          (value instanceof Map ? [...value] : Object.entries(value)).map(
            ([key, field]: readonly [unknown, unknown]) => [`${key}`, convert(field, depth + 1)]
          )
        )
      default:
        return null
    }
  }
  const json = document === undefined ? undefined : convert(document, 0)
  return reason === undefined ? Result.succeed(json) : Result.fail(reason)
}
