import { Effect, Schema } from "effect"
import type { Route } from "../../../services/ManagementApi.ts"
import { RequestRefused } from "./refusal.ts"

/** Whether a letter of a parameter's name is encoded. Like paths, names are compared letter by letter. */
const isEncoded = (parameter: string) => /^[^=]*[%+]/.test(parameter)

/** Reads the query of a URL by the route's schema. Unknown and repeated parameters and wrong values are refused. */
export const readQuery = <Query>(
  { expectedQuery, query }: Route<Query>,
  url: string
): Effect.Effect<Query, RequestRefused> => {
  const start = url.indexOf("?")
  const text = start === -1 ? "" : url.slice(start + 1)
  // It ignores one `?` in front: the one that begins the query. A second one belongs to the first parameter's name.
  const parameters = new URLSearchParams(`?${text}`)
  const names = [...parameters.keys()]
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) {
    const name = encodeURIComponent(repeated).slice(0, 50)
    return new RequestRefused({ status: 400, reason: `${name} is given twice: expected ${expectedQuery}` })
  }
  const refused = () => new RequestRefused({ status: 400, reason: `expected ${expectedQuery}` })
  if (text.split("&").some(isEncoded)) return refused()
  const decode = Schema.decodeUnknownEffect(query, { onExcessProperty: "error" })
  return Effect.mapError(decode(Object.fromEntries(parameters)), refused)
}
