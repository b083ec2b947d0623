import { snakeCase } from "./protoJson.ts"

/** A field by its camelCase name. Proto3 JSON accepts the snake_case name as well. */
export const protoField = (message: unknown, name: string): unknown => {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined
  const field: unknown = Reflect.get(message, Object.hasOwn(message, name) ? name : snakeCase(name))
  return field
}
