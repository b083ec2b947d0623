import { readdirSync, readFileSync } from "node:fs"
import { root } from "../e2e/agent.ts"

export const folder = `${root}test/parity/cases`

export interface Case {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly servers?: Readonly<Record<string, unknown>>
  readonly envoyVersion?: string
  readonly expect: { readonly bootstrap?: unknown; readonly error?: string }
}

/** By file name. */
export const cases: ReadonlyMap<string, Case> = new Map(
  readdirSync(folder).map((name): [string, Case] => [name, JSON.parse(readFileSync(`${folder}/${name}`, "utf8"))])
)
