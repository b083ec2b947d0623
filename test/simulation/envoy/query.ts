/** The parameters of a request; of several of one name, the first counts. */
export type Query = ReadonlyMap<string, string>

const decoded = (text: string) => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const known = new Map<string, { readonly path: string; readonly query: Query }>()

const parse = (target: string) => {
  const at = target.indexOf("?")
  const query = new Map<string, string>()
  if (at === -1) return { path: target, query }
  for (const part of target.slice(at + 1).split("&")) {
    const equals = part.indexOf("=")
    const name = decoded(equals === -1 ? part : part.slice(0, equals))
    if (name !== "" && !query.has(name)) query.set(name, equals === -1 ? "" : decoded(part.slice(equals + 1)))
  }
  return { path: target.slice(0, at), query }
}

/** The path and the parameters of a request's target. The few that an agent sends are remembered. */
export const parseTarget = (target: string): { readonly path: string; readonly query: Query } => {
  const found = known.get(target) ?? parse(target)
  if (known.size > 500) known.clear()
  known.set(target, found)
  return found
}
