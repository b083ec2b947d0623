import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { alignColumns } from "../layers/commandLine/columns.ts"
import { printOutput } from "../layers/commandLine/output.ts"
import { printableLine, printableLines } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import { ConfigLive } from "../layers/config/ConfigLive.ts"
import { envoyArguments } from "../layers/process/envoyArguments.ts"
import { Config, type SettingInForce } from "../services/Config.ts"

export interface ConfigOptions {
  readonly json: boolean
}

const asTable = (settings: ReadonlyArray<SettingInForce>) =>
  alignColumns(
    settings.map(({ name, source, value }) => [name, value === null ? "-" : printableLine(`${value}`), source])
  )

/** Prints every setting in force, as a table or as JSON, and the warnings about them. */
export const showConfig = Effect.fn("config")(function* ({ json }: ConfigOptions) {
  const { inForce, settings, warnings } = yield* Config
  if (json) {
    // Nobody can foresee the path of a generated file, so there is none to print.
    const path = settings.ENVOY_CONFIG_FILE ?? `<generated at each start, in ${settings.APPNET_RUN_DIR}>`
    const answer = { settings: inForce, warnings, envoyArguments: envoyArguments(settings, path) }
    return yield* printOutput(printableLines(JSON.stringify(answer, undefined, 2)))
  }
  yield* printOutput([asTable(inForce), ...warnings.map((warning) => printableLine(`warning: ${warning}`))].join("\n"))
})

export const configCommand = Command.make(
  "config",
  { json: switchFlag("json", "Print JSON instead of a table, with Envoy's arguments") },
  showConfig
).pipe(
  Command.withDescription("Print every setting, its value and where the value comes from; secrets are redacted"),
  Command.annotate(CommandDetails, {
    variables: [],
    variablesNote: "Every setting.",
    exitCodes: { 0: "Every setting is valid", 1: "A setting is invalid, or the command line is wrong" },
    documents: ["docs/settings.md", "docs/migrating.md"]
  }),
  Command.provide(() => ConfigLive)
)
