import { Effect } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { printOutput } from "../layers/commandLine/output.ts"
import { printableLines } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import { LogLevel, logLevelNames } from "../services/LogLevels.ts"
import {
  bodyText,
  RunningAgentLive,
  requestAgent,
  requestExitCodes,
  requestVariables,
  sameAsAgent
} from "./runningAgent.ts"

export interface LogLevelOptions {
  readonly level: (typeof logLevelNames)[number]
  readonly permanent: boolean
}

/** Sets the level of Envoy's loggers, and prints what the agent answers. */
export const setLogLevel = Effect.fn("log-level")(function* ({ level, permanent }: LogLevelOptions) {
  const query = new URLSearchParams({ level, ...(permanent ? { permanent: "true" } : {}) })
  const answer = yield* requestAgent("POST", `/enableLogging?${query}`)
  const text = yield* bodyText(answer)
  yield* printOutput(answer.status === 304 ? `the level is ${level} already` : printableLines(text))
}, Effect.scoped)

const levelChoice = Primitive.Choice(logLevelNames.map((name) => [name, name] as const))

/** A level in any case, as the management API takes it. Help and completions show the names in lower case. */
export const levelArgument = Param.makeSingle({
  kind: Param.argumentKind,
  name: "level",
  primitiveType: { ...levelChoice, parse: (text) => levelChoice.parse(text.toLowerCase()) }
}).pipe(Argument.withDescription(`one of ${LogLevel.literals.join(", ")}; warn means warning`))

export const logLevelCommand = Command.make(
  "log-level",
  {
    level: levelArgument,
    permanent: switchFlag("permanent", "Keep the level, also when Envoy is restarted")
  },
  setLogLevel
).pipe(
  Command.withDescription("Set Envoy's log level: until the agent resets it, or permanently"),
  Command.annotate(CommandDetails, {
    variables: [...requestVariables, "APPNET_AGENT_LOGGING_RESET_TIMEOUT", "ENVOY_LOG_LEVEL"],
    variablesNote: sameAsAgent,
    exitCodes: requestExitCodes,
    documents: ["docs/management-api.md", "docs/settings.md"]
  }),
  Command.withExamples([{ command: "appnet-agent log-level debug" }]),
  Command.provide(() => RunningAgentLive)
)
