import { Result } from "effect"
import type { Json, JsonObject } from "./Bootstrap.ts"

/** Collections inside each other. Protobuf, which Envoy reads JSON with, stops at 100. */
const maximumDepth = 50

const isJson = (value: unknown, depth: number): value is Json => {
  if (typeof value !== "object" || value === null) return true
  return depth < maximumDepth && Object.values(value).every((field: unknown) => isJson(field, depth + 1))
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && isJson(value, 0)

/** The JSON object in a text; undefined if there is none, or one that is nested more than 50 deep. */
export const parseJsonObject = (text: string): JsonObject | undefined => {
  const parsed = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  return isJsonObject(parsed) ? parsed : undefined
}
