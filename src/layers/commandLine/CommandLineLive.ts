import { Console, Effect, Layer } from "effect"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import { builtInFlags } from "./globalFlags.ts"
import { helpText } from "./helpText.ts"
import { printableLine } from "./printable.ts"
import { usageErrorText } from "./usageErrorText.ts"

const bold = (text: string) => `\u001b[1m${text}\u001b[0m`
const plain = (text: string) => text

/**
 * Help and version go to stdout. A wrong command line is two lines on stderr: its first mistake, since later ones often
 * follow from it, and how to get help.
 */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    switch (event._tag) {
      case "Help": {
        const { canColor } = yield* TerminalCapabilities
        return yield* Console.log(helpText(event.helpDoc, canColor ? bold : plain))
      }
      case "InvalidInvocation": {
        const [first] = event.errors
        if (first !== undefined) yield* Console.error(printableLine(usageErrorText(first, event)))
        return yield* Console.error(`Run "${event.commandPath.join(" ")} --help" for help.`)
      }
      case "Version":
        return yield* Console.log(`${event.name} v${event.version}`)
    }
  })
}

/** How the command line answers, and which flags of effect/cli it has. */
export const CommandLineLive = Layer.merge(
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: builtInFlags })
)
