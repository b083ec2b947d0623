import { Console, Effect } from "effect"
import { runFilePath } from "../layers/files/runFiles.ts"
import { envoyArguments } from "../layers/process/envoyArguments.ts"
import { Config, type SettingInForce } from "../services/Config.ts"

const asTable = (settings: ReadonlyArray<SettingInForce>): ReadonlyArray<string> => {
  const rows = settings.map(({ name, source, value }) => ({ name, source, value: value === null ? "-" : `${value}` }))
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const valueWidth = Math.max(...rows.map(({ value }) => value.length))
  return rows.map(({ name, source, value }) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${source}`)
}

/** Prints every setting in force: as a table for people, or as JSON. */
export const showConfig = Effect.fnUntraced(function* ({ json }: { readonly json: boolean }) {
  const { inForce, settings, warnings } = yield* Config
  if (json) {
    const path = settings.ENVOY_CONFIG_FILE ?? runFilePath(settings, "bootstrap.json")
    const answer = { settings: inForce, warnings, envoyArguments: envoyArguments(settings, path) }
    return yield* Console.log(JSON.stringify(answer, undefined, 2))
  }
  yield* Console.log([...asTable(inForce), ...warnings.map((warning) => `warning: ${warning}`)].join("\n"))
})
