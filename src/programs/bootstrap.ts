import { Console, Effect } from "effect"
import { explain } from "../layers/bootstrap/explain.ts"
import { Bootstrap, SideFiles } from "../services/Bootstrap.ts"
import { BootstrapValidator } from "../services/BootstrapValidator.ts"
import { Config } from "../services/Config.ts"

export interface PrintOptions {
  /** Envoy checks the bootstrap before it is printed. */
  readonly validate: boolean
  /** With a comment at each part that variables decided. */
  readonly explain: boolean
}

/** Prints the bootstrap as YAML, and writes the files that it refers to; warnings go to stderr. */
export const printBootstrap = Effect.fnUntraced(function* (options: PrintOptions) {
  const { inForce, warnings: settingWarnings } = yield* Config
  const { document, warnings } = yield* Bootstrap
  for (const warning of [...settingWarnings, ...warnings]) yield* Console.error(`warning: ${warning}`)
  if (options.validate) {
    const validator = yield* BootstrapValidator
    yield* validator.validate
  }
  yield* (yield* SideFiles).write
  if (document._tag === "Custom") {
    const why = `# ENVOY_CONFIG_FILE (set): the whole of ${document.path}, as it is\n`
    return yield* Console.log(`${options.explain ? why : ""}${document.text.trimEnd()}`)
  }
  const yaml = yield* Effect.promise(() => import("yaml"))
  yield* Console.log(explain(yaml, document.value, options.explain ? document.sources : [], inForce))
})
