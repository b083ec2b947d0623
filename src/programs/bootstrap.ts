import { Console, Effect, Layer } from "effect"
import * as Command from "effect/cli/Command"
import { BootstrapLive } from "../layers/bootstrap/BootstrapLive.ts"
import { BootstrapValidatorLive } from "../layers/bootstrap/BootstrapValidatorLive.ts"
import { explain } from "../layers/bootstrap/explain.ts"
import { LocalRelayBootstrapLive } from "../layers/bootstrap/LocalRelayBootstrapLive.ts"
import { CommandDetails, everySetting } from "../layers/commandLine/CommandDetails.ts"
import { printOutput } from "../layers/commandLine/output.ts"
import { printableLine } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import { UncheckedConfigLive } from "../layers/config/ConfigLive.ts"
import { RunFolderLive } from "../layers/files/RunFolderLive.ts"
import { SideFilesLive } from "../layers/files/SideFilesLive.ts"
import { HostLive } from "../layers/platform/HostLive.ts"
import { InstanceMetadataLive } from "../layers/platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "../layers/platform/TaskMetadataLive.ts"
import { EnvoyBinaryLive } from "../layers/process/EnvoyBinaryLive.ts"
import { EnvoyWrapperNone } from "../layers/process/EnvoyWrapperLive.ts"
import { Bootstrap, SideFiles } from "../services/Bootstrap.ts"
import { BootstrapValidator } from "../services/BootstrapValidator.ts"
import { Config } from "../services/Config.ts"

export interface BootstrapOptions {
  /** Envoy checks the bootstrap before it is printed. */
  readonly validate: boolean
  /** Each part that variables decided has a comment that names them. */
  readonly explain: boolean
}

/** Prints the bootstrap as YAML on stdout and writes the files that it refers to. Warnings go to stderr. */
export const printBootstrap = Effect.fn("bootstrap")(function* (options: BootstrapOptions) {
  const { inForce, warnings: settingWarnings } = yield* Config
  const { document, warnings } = yield* Bootstrap
  for (const warning of [...settingWarnings, ...warnings]) yield* Console.error(printableLine(`warning: ${warning}`))
  if (options.validate) {
    const validator = yield* BootstrapValidator
    yield* validator.validate
  }
  yield* (yield* SideFiles).write
  if (document._tag === "Custom") {
    const comment = `# ENVOY_CONFIG_FILE (set): the whole of ${printableLine(document.path)}, as it is\n`
    return yield* printOutput(`${options.explain ? comment : ""}${document.text.trimEnd()}`)
  }
  const yaml = yield* Effect.promise(() => import("yaml"))
  yield* printOutput(explain(yaml, document.value, options.explain ? document.sources : [], inForce))
})

export const bootstrapCommand = Command.make(
  "bootstrap",
  {
    validate: switchFlag("validate", "Have Envoy check the bootstrap first (envoy --mode validate)"),
    explain: switchFlag(
      "explain",
      "Add a comment to each part that a variable decided: its name, and whether it was set"
    ),
    localRelay: switchFlag("local-relay", "Print the bootstrap of the second Envoy of local relay mode")
  },
  printBootstrap
).pipe(
  Command.withDescription("Print Envoy's bootstrap as YAML and start nothing"),
  Command.annotate(CommandDetails, {
    variables: [
      "APPMESH_RESOURCE_ARN",
      "APPMESH_XDS_ENDPOINT",
      "APPNET_XDS_MODE",
      "APPNET_ENABLE_RELAY_MODE_FOR_XDS",
      "ENVOY_CONFIG_FILE",
      "APPNET_ENVOY_PATH"
    ],
    variablesNote: everySetting,
    exitCodes: {
      0: "Printed",
      1: "A setting, a file or a port is wrong, Envoy rejects the bootstrap, or the command line is wrong"
    },
    documents: ["docs/bootstrap.md", "docs/relay.md", "docs/settings.md"]
  }),
  Command.provide(({ localRelay }) =>
    BootstrapValidatorLive.pipe(
      Layer.provideMerge(SideFilesLive),
      Layer.provideMerge(localRelay ? LocalRelayBootstrapLive : BootstrapLive),
      Layer.provideMerge(TaskMetadataLive),
      Layer.provideMerge(InstanceMetadataLive),
      Layer.provideMerge(Layer.provide(EnvoyBinaryLive, EnvoyWrapperNone)),
      Layer.provideMerge(HostLive),
      Layer.provideMerge(RunFolderLive),
      Layer.provideMerge(UncheckedConfigLive)
    )
  )
)
