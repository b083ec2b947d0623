import * as Command from "effect/cli/Command"
import { CommandDetails, everySetting } from "../layers/commandLine/CommandDetails.ts"

/**
 * The command `run` as help and completions describe it. It has no handler: `main` starts `run` without the command-line
 * code, which a container that runs for months does not need in memory.
 */
export const runCommand = Command.make("run").pipe(
  Command.withDescription(
    "Start Envoy, restart it when it ends, and serve the management API; drain Envoy and stop it on SIGTERM, SIGQUIT, SIGINT or SIGHUP. This is what `appnet-agent` does without a command."
  ),
  Command.withShortDescription("Start Envoy and supervise it; drain and stop it on a signal (default)"),
  Command.annotate(CommandDetails, {
    variables: [
      "APPMESH_RESOURCE_ARN",
      "APPMESH_XDS_ENDPOINT",
      "APPNET_XDS_MODE",
      "ENVOY_CONFIG_FILE",
      "APPNET_ENVOY_PATH",
      "APPNET_ENVOY_RESTART_COUNT",
      "APPNET_AGENT_ADMIN_MODE",
      "LISTENER_DRAIN_WAIT_TIME_S"
    ],
    variablesNote: everySetting,
    exitCodes: {
      0: "Stopped by a signal",
      1: "A setting, the bootstrap or a listen address is invalid, or the command line is wrong",
      other: "Envoy ended and no restart is left: Envoy's own exit code, or 128 + its signal's number"
    },
    documents: ["docs/bootstrap.md", "docs/management-api.md", "docs/migrating.md", "docs/settings.md"]
  })
)
