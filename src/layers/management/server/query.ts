import { Effect, Schema } from "effect"
import type { Route } from "../../../services/ManagementApi.ts"
import { RequestRefused } from "./refusal.ts"

/** Reads the query of a URL by the route's schema. Unknown and repeated parameters and wrong values are refused. */
export const readQuery = <Query>(
  { expectedQuery, query }: Route<Query>,
  url: string
): Effect.Effect<Query, RequestRefused> => {
  const start = url.indexOf("?")
  const parameters = new URLSearchParams(start === -1 ? "" : url.slice(start + 1))
  const names = [...parameters.keys()]
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) {
    const name = encodeURIComponent(repeated).slice(0, 50)
    return new RequestRefused({ status: 400, reason: `${name} is given twice: expected ${expectedQuery}` })
  }
  const decode = Schema.decodeUnknownEffect(query, { onExcessProperty: "error" })
  return Effect.mapError(
    decode(Object.fromEntries(parameters)),
    () => new RequestRefused({ status: 400, reason: `expected ${expectedQuery}` })
  )
}
