// The examples of docs/relay.md, as data.
import { readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import { root } from "../e2e/agent.ts"

export const page = readFileSync(`${root}docs/relay.md`, "utf8")

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The texts of the page's code blocks in a language. */
export const blocks = (language: string): ReadonlyArray<string> =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, text = ""]) => text)

const parseYaml = (text: string): ReadonlyArray<unknown> =>
  parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join("\n"))
    return document.toJS()
  })

export const json: ReadonlyArray<unknown> = blocks("json").map((text) => JSON.parse(text))
export const yaml: ReadonlyArray<unknown> = blocks("yaml").flatMap(parseYaml)

/** Every object within a value, the value itself included. */
export const within = (value: unknown): ReadonlyArray<Fields> => {
  if (Array.isArray(value)) return value.flatMap(within)
  return isFields(value) ? [value, ...Object.values(value).flatMap(within)] : []
}

export const listOf = (value: unknown): ReadonlyArray<Fields> => (Array.isArray(value) ? value.filter(isFields) : [])

export interface Example {
  readonly name: string
  readonly container: Fields
  readonly environment: Readonly<Record<string, string>>
}

/** The containers that run the agent, in task definitions and in pods. */
export const agents: ReadonlyArray<Example> = [...json, ...yaml].flatMap((document) =>
  within(document).flatMap((container) => {
    const variables = listOf(container.environment ?? container.env)
    if (variables.length === 0) return []
    const environment = Object.fromEntries(
      variables.map(({ name, value }) => [`${name}`, typeof value === "string" ? value : "from elsewhere"])
    )
    const kind = "environment" in container ? "ECS" : "Kubernetes"
    return [{ name: `${container.name} on ${kind}`, container, environment }]
  })
)
