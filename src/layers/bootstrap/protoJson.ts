import type { Json, JsonObject } from "../../services/Bootstrap.ts"

// proto3 JSON takes a field by two names.

/** `statsSinks`, of `stats_sinks` and of `statsSinks`. */
export const camelCase = (name: string) => name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `stats_sinks`, of `statsSinks`. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/** Milliseconds as proto3 JSON has a duration: seconds, with up to nine decimals. */
export const inSeconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(9).replace(/\.?0+$/, "")}s`
