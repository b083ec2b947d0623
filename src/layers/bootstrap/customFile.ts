import { Effect, Result } from "effect"
import type { AdminAddress } from "../../services/Bootstrap.ts"
import { reachable } from "./admin.ts"

/** What stands at `camelCase` or `snake_case`: proto3 JSON takes both. */
const field = (value: unknown, name: string): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const found: unknown = Reflect.get(value, Object.hasOwn(value, name) ? name : snake)
  return found
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

/** Finds Envoy's admin in a bootstrap of the user's own. */
export const adminOf = (document: unknown): AdminAddress | undefined => {
  const address = field(field(document, "admin"), "address")
  const path = text(field(field(address, "pipe"), "path"))
  if (path !== undefined) return { _tag: "Unix", path }
  const socket = field(address, "socketAddress")
  const host = text(field(socket, "address"))
  const port = Number(field(socket, "portValue") ?? 0)
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return reachable(host, port)
}

/** One line about the first thing that is wrong, with its place. */
export const parseYaml = (source: string, name: string): Effect.Effect<unknown, string> =>
  Effect.flatMap(
    // Only custom files need the parser, so that no other start loads it.
    Effect.promise(() => import("yaml")),
    ({ LineCounter, parseDocument }) => {
      const lineCounter = new LineCounter()
      const parsed = Result.try(() => {
        const document = parseDocument(source, { version: "1.1", merge: true, prettyErrors: false, lineCounter })
        const [error] = document.errors
        if (error === undefined) return { value: document.toJS({ maxAliasCount: 100 }) as unknown, problem: undefined }
        const { line, col } = lineCounter.linePos(error.pos[0])
        return { value: undefined, problem: `line ${line}, column ${col}: ${error.message.split("\n", 1)[0]}` }
      })
      if (Result.isFailure(parsed)) {
        return Effect.fail(`${name} cannot be read as YAML: ${parsed.failure}`)
      }
      const { problem, value } = parsed.success
      return problem === undefined ? Effect.succeed(value) : Effect.fail(`${name} cannot be read as YAML: ${problem}`)
    }
  )
