import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Option, Runtime } from "effect"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BootstrapLive, LocalRelayBootstrapLive } from "../layers/bootstrap/BootstrapLive.ts"
import { BootstrapValidatorLive } from "../layers/bootstrap/BootstrapValidatorLive.ts"
import { ConfigLive } from "../layers/config/ConfigLive.ts"
import { SideFilesLive } from "../layers/files/SideFilesLive.ts"
import { LoggerLive } from "../layers/logs/LoggerLive.ts"
import { ManagementClientLive } from "../layers/management/client/ManagementClientLive.ts"
import { HostLive } from "../layers/platform/HostLive.ts"
import { InstanceMetadataLive } from "../layers/platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "../layers/platform/TaskMetadataLive.ts"
import { EnvoyBinaryLive } from "../layers/process/EnvoyBinaryLive.ts"
import { logLevelNames } from "../services/LogLevels.ts"
import { printBootstrap } from "./bootstrap.ts"
import { showConfig } from "./config.ts"
import { drain, setLogLevel, showStats, showStatus } from "./control.ts"
import { ready } from "./ready.ts"

const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const seconds = (name: string, description: string) =>
  Flag.Finite(name).pipe(Flag.withDescription(description), Flag.optional)

// Started by `main` without this module, so that the entry point loads no command-line code; described here.
const runCommand = Command.make("run").pipe(
  Command.withDescription("Start Envoy, watch it, serve the management API, drain and stop on a signal (the default)")
)

const bootstrapCommand = Command.make(
  "bootstrap",
  {
    validate: yes("validate", "Also have Envoy check it (--mode validate)"),
    explain: yes("explain", "With a comment at each part that a variable decided: which one, and whether it was set"),
    localRelay: yes("local-relay", "Of the second Envoy of local relay mode, in the place of the first one's")
  },
  printBootstrap
).pipe(
  Command.withDescription("Print the Envoy bootstrap as YAML and start nothing"),
  Command.provide(({ localRelay }) =>
    BootstrapValidatorLive.pipe(
      Layer.provideMerge(SideFilesLive),
      Layer.provideMerge(localRelay ? LocalRelayBootstrapLive : BootstrapLive),
      Layer.provideMerge(TaskMetadataLive),
      Layer.provideMerge(InstanceMetadataLive),
      Layer.provideMerge(EnvoyBinaryLive),
      Layer.provideMerge(HostLive),
      Layer.provideMerge(ConfigLive)
    )
  )
)

const configCommand = Command.make("config", { json: yes("json", "Print JSON instead of a table") }, showConfig).pipe(
  Command.withDescription("Print every setting: value in force, where it came from, warnings; secrets redacted"),
  Command.provide(() => ConfigLive)
)

const askingAgent = () => ManagementClientLive.pipe(Layer.provideMerge(ConfigLive))

const readyCommand = Command.make(
  "ready",
  {
    interval: seconds("interval", "Seconds between two questions; 0 asks once"),
    timeout: seconds("timeout", "Seconds to go on asking; 0 asks once")
  },
  ready
).pipe(
  Command.withDescription("Ask the running agent until it is HEALTHY: exit 0, or 1 when it is not in time"),
  Command.provide(askingAgent)
)

const statusCommand = Command.make(
  "status",
  {
    json: yes("json", "Print JSON instead of a table"),
    watch: yes("watch", "Go on, and print what changes")
  },
  showStatus
).pipe(
  Command.withDescription("What the running agent reports: exit 0 healthy, 1 not, 2 when there is none"),
  Command.provide(askingAgent)
)

const drainCommand = Command.make(
  "drain",
  { graceful: yes("graceful", "Let requests that are under way end") },
  drain
).pipe(
  Command.withDescription("Drain Envoy's inbound listeners: exit 0, 1 when refused, 2 when there is no agent"),
  Command.provide(askingAgent)
)

const logLevelCommand = Command.make(
  "log-level",
  {
    level: Argument.Literals("level", logLevelNames).pipe(
      Argument.withDescription("trace, debug, info, warning, error, critical or off")
    ),
    permanent: yes("permanent", "The level to go back to from now on")
  },
  setLogLevel
).pipe(
  Command.withDescription(
    "Set the level of Envoy's loggers, for a while: exit 0, 1 when refused, 2 when there is no agent"
  ),
  Command.provide(askingAgent)
)

const statsCommand = Command.make(
  "stats",
  {
    usedOnly: yes("used-only", "Only what Envoy has updated"),
    extensionOnly: Flag.Literals("filter", ["metrics_extension"]).pipe(
      Flag.withDescription("Only the metrics extension's families, without their prefix"),
      Flag.optional,
      Flag.map(Option.isSome)
    ),
    delta: yes("delta", "What changed between the last two snapshots")
  },
  showStats
).pipe(
  Command.withDescription("Envoy's stats as Prometheus text: exit 0, 1 when refused, 2 when there is no agent"),
  Command.provide(askingAgent)
)

const agent = Command.make("appnet-agent").pipe(
  Command.withDescription("Starts, watches and stops the Envoy of a service mesh"),
  Command.withSubcommands([
    runCommand,
    bootstrapCommand,
    configCommand,
    readyCommand,
    statusCommand,
    drainCommand,
    logLevelCommand,
    statsCommand
  ])
)

/** All commands but `run`. */
export const cli = (version: string, words: ReadonlyArray<string>) =>
  Command.runWith(agent, { version })(words).pipe(Effect.provide(NodeServices.layer))

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

/** A command on the real world: what goes wrong is said on stderr, one line each. */
export const startCommand = (version: string, words: ReadonlyArray<string>) =>
  cli(version, words).pipe(
    Effect.tapError((error) => (CliError.isCliError(error) ? Effect.void : Console.error(error.message))),
    Effect.provide(LoggerLive),
    runMain({ disableErrorReporting: true })
  )
