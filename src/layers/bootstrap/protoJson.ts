import type { Json, JsonObject } from "../../services/Bootstrap.ts"

// Proto3 JSON accepts a field under two names, camelCase and snake_case.

/** `statsSinks`, for `stats_sinks` and for `statsSinks`. */
export const camelCase = (name: string) => name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `stats_sinks`, for `statsSinks`. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/** Milliseconds as a duration of proto3 JSON: seconds with up to nine decimals, like `1.5s`. */
export const formatProtoDuration = (milliseconds: number) =>
  `${(milliseconds / 1000).toFixed(9).replace(/\.?0+$/, "")}s`
