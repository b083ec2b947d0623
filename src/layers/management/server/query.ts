import { Result, Schema } from "effect"

/** Reads a query by its schema: a parameter that is not in it, given twice or of another value is told in one sentence. */
export const readQuery = <A>(
  schema: Schema.Codec<A, unknown>,
  url: string,
  expected: string
): Result.Result<A, string> => {
  const start = url.indexOf("?")
  const parameters = new URLSearchParams(start === -1 ? "" : url.slice(start + 1))
  const names = [...parameters.keys()]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) return Result.fail(`${twice.slice(0, 50)} is given twice: expected ${expected}`)
  const read = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(Object.fromEntries(parameters))
  return Result.mapError(read, () => `expected ${expected}`)
}
