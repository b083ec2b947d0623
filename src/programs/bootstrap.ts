import { Console, Effect } from "effect"
import { Bootstrap, SideFiles } from "../services/Bootstrap.ts"
import { BootstrapValidator } from "../services/BootstrapValidator.ts"

/** Prints the bootstrap as YAML; warnings go to stderr. With `validate`, Envoy checks it before it is printed. */
export const printBootstrap = Effect.fnUntraced(function* ({ validate }: { readonly validate: boolean }) {
  const { document, warnings } = yield* Bootstrap
  for (const warning of warnings) yield* Console.error(`warning: ${warning}`)
  if (validate) {
    const validator = yield* BootstrapValidator
    yield* validator.validate
  }
  yield* (yield* SideFiles).write
  if (document._tag === "Custom") return yield* Console.log(document.text)
  const { stringify } = yield* Effect.promise(() => import("yaml"))
  yield* Console.log(stringify(document.value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd())
})
