/** Reads proto3 JSON of unknown shape: fields by their camelCase or snake_case names. */
export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const field = (message: unknown, ...path: ReadonlyArray<string>): unknown => {
  let found = message
  for (const name of path) found = isFields(found) ? (found[name] ?? found[snakeCase(name)]) : undefined
  return found
}

export const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

/** Milliseconds of a duration like `1.5s`; undefined where it is none. */
export const milliseconds = (value: unknown): number | undefined => {
  const [, seconds] = /^(-?[\d.]+)s$/.exec(typeof value === "string" ? value : "") ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** `127.0.0.1:9901`, or the path of a socket; undefined where a message is no address. */
export const addressOf = (address: unknown): string | undefined => {
  const path = text(field(address, "pipe", "path"))
  if (path !== undefined) return path
  const host = text(field(address, "socketAddress", "address"))
  const port = field(address, "socketAddress", "portValue")
  if (host === undefined) return undefined
  return host.includes(":") ? `[${host}]:${port ?? 0}` : `${host}:${port ?? 0}`
}
