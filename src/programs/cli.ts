import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Runtime } from "effect"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import { CommandDetails, withVariables } from "../layers/commandLine/CommandDetails.ts"
import { CommandLineLive } from "../layers/commandLine/CommandLineLive.ts"
import { goAgentFlags } from "../layers/commandLine/globalFlags.ts"
import { printableLines } from "../layers/commandLine/printable.ts"
import { LoggerLive } from "../layers/logs/LoggerLive.ts"
import { bootstrapCommand } from "./bootstrap.ts"
import { configCommand } from "./config.ts"
import { drainCommand } from "./drain.ts"
import { logLevelCommand } from "./logLevel.ts"
import { readyCommand } from "./ready.ts"
import { runCommand } from "./runCommand.ts"
import { statsCommand } from "./stats.ts"
import { statusCommand } from "./status.ts"

/** The whole command line. */
export const agentCommand = Command.make("appnet-agent").pipe(
  Command.withDescription(
    "Runs Envoy beside a task of a service mesh: writes its bootstrap, starts it, restarts it, reports its health, and drains it before it stops.\n" +
      "\n" +
      "Without a command it does so in the foreground, like `appnet-agent run`. Every setting is an environment variable: `appnet-agent config` prints all of them with their values."
  ),
  Command.withSubcommands([
    runCommand,
    bootstrapCommand,
    configCommand,
    readyCommand,
    statusCommand,
    drainCommand,
    logLevelCommand,
    statsCommand
  ]),
  Command.withGlobalFlags(goAgentFlags),
  Command.withExamples([
    {
      command: withVariables({ APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "localhost:18000" }, "appnet-agent"),
      description: "Run Envoy with the configuration of any xDS server"
    },
    {
      command: withVariables({ ENVOY_CONFIG_FILE: "envoy.yaml" }, "appnet-agent bootstrap --validate"),
      description: "Have Envoy check a bootstrap of your own"
    },
    {
      command: withVariables({ APPNET_AGENT_ADMIN_MODE: "tcp" }, "appnet-agent status --watch"),
      description: "Follow the health of the agent that runs with the same variable"
    }
  ]),
  Command.annotate(CommandDetails, {
    variables: [],
    variablesNote: "",
    exitCodes: {},
    documents: ["docs/settings.md", "docs/bootstrap.md", "docs/management-api.md", "docs/relay.md", "docs/migrating.md"]
  })
)

/** Runs the command that these words name: any but `run`. */
export const cli = (version: string, words: ReadonlyArray<string>) =>
  Command.runWith(agentCommand, { version })(words).pipe(
    Effect.provide(Layer.merge(CommandLineLive, NodeServices.layer))
  )

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

/** The errors of effect/cli are on stderr already; every other failure is printed there, without control characters. */
const reportFailure = <A, E extends Error, R>(command: Effect.Effect<A, E, R>) =>
  command.pipe(
    Effect.tapError((error) =>
      CliError.isCliError(error) ? Effect.void : Console.error(printableLines(error.message))
    ),
    Effect.tapDefect((defect) => Console.error("the agent itself failed:", defect))
  )

/** Runs a command in this process, and ends the process with its exit code. */
export const startCommand = (version: string, words: ReadonlyArray<string>) =>
  cli(version, words).pipe(reportFailure, Effect.provide(LoggerLive), runMain({ disableErrorReporting: true }))
