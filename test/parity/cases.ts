import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { root } from "../e2e/agent.ts"
import { expand, startServers } from "./check.mjs"

type Texts = Readonly<Record<string, string>>

/** A recorded environment and what the Go agent made of it; README.md describes the fields. */
export interface Case {
  readonly env: Texts
  readonly files?: Texts
  readonly servers?: Readonly<Record<string, unknown>>
  readonly envoyVersion?: string
  readonly envoyArgs?: ReadonlyArray<string>
  readonly expect: {
    readonly bootstrap?: unknown
    readonly error?: string
    readonly mustMention?: ReadonlyArray<string>
    readonly sideFiles?: Readonly<Record<string, unknown>>
  }
}

const folder = `${root}test/parity/cases`

/** By name, which is the file's name without its extension. */
export const cases: ReadonlyMap<string, Case> = new Map(
  readdirSync(folder).map((name): [string, Case] => [
    name.replace(/\.json$/, ""),
    JSON.parse(readFileSync(`${folder}/${name}`, "utf8"))
  ])
)

export interface PlacedCase {
  /** Holds the case's files. */
  readonly folder: string
  /** The values of `${DIR}`, `${ECS_METADATA}` and `${IMDS}`. */
  readonly variables: Texts
  /** The case's environment, expanded. */
  readonly environment: Texts
  readonly remove: () => Promise<void>
}

/** Writes a case's files to a new folder and starts its servers. */
export const placeCase = async (testCase: Case): Promise<PlacedCase> => {
  const folder = mkdtempSync(`${tmpdir()}/appnet-parity-`)
  const { close, vars } = await startServers(testCase)
  const variables = { DIR: folder, ...vars }
  for (const [name, content] of Object.entries(testCase.files ?? {}))
    writeFileSync(`${folder}/${name}`, expand(content, variables))
  return {
    folder,
    variables,
    environment: Object.fromEntries(
      Object.entries(testCase.env).map(([name, value]) => [name, expand(value, variables)])
    ),
    remove: async () => {
      await close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
