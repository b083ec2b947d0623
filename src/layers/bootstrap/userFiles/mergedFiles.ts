import { Effect, Result } from "effect"
import type { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { parseUserYaml, readUserFile } from "./readUserFile.ts"
import type { YamlDocument } from "./readYaml.ts"

/** The variables that name files to be merged into a generated bootstrap, in the order of the merge. */
const mergedFileVariables = [
  "ENVOY_TRACING_CFG_FILE",
  "ENVOY_STATS_CONFIG_FILE",
  "ENVOY_STATS_SINKS_CFG_FILE",
  "ENVOY_RESOURCES_CONFIG_FILE"
] as const
export type MergedFileVariable = (typeof mergedFileVariables)[number]

/** A file to be merged, as it was read. */
export interface MergedFile extends YamlDocument {
  readonly variable: MergedFileVariable
  readonly path: string
}

export interface MergedFiles {
  /** In the order of the merge. */
  readonly files: ReadonlyArray<MergedFile>
  readonly problems: ReadonlyArray<UserFileError>
}

/** Reads all files to be merged, so that every unreadable one is named at once. */
export const readMergedFiles = Effect.fnUntraced(function* (settings: Settings) {
  const files: Array<MergedFile> = []
  const problems: Array<UserFileError> = []
  for (const variable of mergedFileVariables) {
    const path = settings[variable]
    if (path === undefined) continue
    const document = yield* readUserFile(variable, path).pipe(
      Effect.flatMap((source) => parseUserYaml(variable, path, source)),
      Effect.result
    )
    if (Result.isSuccess(document)) files.push({ variable, path, ...document.success })
    else problems.push(document.failure)
  }
  return { files, problems } satisfies MergedFiles
})
