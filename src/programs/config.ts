import { Effect, Layer, Result } from "effect"
import * as Command from "effect/cli/Command"
import { CheckLive } from "../layers/CheckLive.ts"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { alignColumns } from "../layers/commandLine/columns.ts"
import { printOutput } from "../layers/commandLine/output.ts"
import { printableLine, printableLines } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import { UncheckedConfigLive } from "../layers/config/ConfigLive.ts"
import { envoyArguments } from "../layers/process/envoyArguments.ts"
import { Config, type SettingInForce } from "../services/Config.ts"
import { StartCheck } from "../services/StartCheck.ts"

export interface ConfigOptions {
  readonly json: boolean
  /** Only the settings that are set. */
  readonly set: boolean
}

const asTable = (settings: ReadonlyArray<SettingInForce>) =>
  alignColumns(
    settings.map(({ name, source, value }) => [name, value === null ? "-" : printableLine(`${value}`), source])
  )

/**
 * Prints which mode is in force, the settings and the warnings, as text or as JSON. Fails with everything for which `run`
 * would not start Envoy. Where a setting has no value that could be in force, nothing is printed.
 */
export const showConfig = Effect.fn("config")(function* ({ json, set }: ConfigOptions) {
  const { inForce, problems, settings, warnings } = yield* Config
  const startCheck = yield* StartCheck
  const start = yield* Effect.result(startCheck.check)
  if (Result.isFailure(start) && problems.length > 0) return yield* start.failure

  const shown = set ? inForce.filter(({ source }) => source !== "default") : inForce
  const allWarnings = [...warnings, ...(Result.isSuccess(start) ? start.success.warnings : [])]
  if (json) {
    const hasOwnBootstrap = (yield* startCheck.mode).name === "own bootstrap"
    const path =
      (hasOwnBootstrap ? settings.ENVOY_CONFIG_FILE : undefined) ??
      // Nobody can foresee the path of a generated file, so there is none to print.
      `<generated at each start, in ${settings.APPNET_RUN_DIR}>`
    const answer = { settings: shown, warnings: allWarnings, envoyArguments: envoyArguments(settings, path) }
    yield* printOutput(printableLines(JSON.stringify(answer, undefined, 2)))
  } else {
    const { name, reason } = yield* startCheck.mode
    const relay = Result.isSuccess(start) && start.success.localRelay !== undefined ? " with a local relay" : ""
    yield* printOutput(
      [
        printableLine(`mode: ${name}${relay} (${reason})`),
        ...(shown.length > 0 ? [asTable(shown)] : []),
        ...allWarnings.map((warning) => printableLine(`warning: ${warning}`))
      ].join("\n")
    )
  }
  if (Result.isFailure(start)) return yield* start.failure
})

export const configCommand = Command.make(
  "config",
  {
    json: switchFlag("json", "Print JSON instead of text, with Envoy's arguments"),
    set: switchFlag("set", "Only the settings that are set")
  },
  showConfig
).pipe(
  Command.withDescription(
    "Say which mode is in force, then print every setting, its value and where the value comes from; secrets are redacted. Fails where `run` would not start Envoy, and says why."
  ),
  Command.withShortDescription("Print the mode in force and every setting; fail where `run` would"),
  Command.annotate(CommandDetails, {
    variables: [],
    variablesNote: "Every setting.",
    exitCodes: {
      0: "Envoy would be started",
      1: "It would not: a setting, a file or a port is wrong, or there is no Envoy; or the command line is wrong"
    },
    documents: ["docs/settings.md", "docs/bootstrap.md", "docs/migrating.md"]
  }),
  Command.provide(() => CheckLive.pipe(Layer.provideMerge(UncheckedConfigLive)))
)
