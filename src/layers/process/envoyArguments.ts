import type { Role } from "../../services/EnvoyRole.ts"
import type { Settings } from "../../services/Settings.ts"

const isEnabled = (value: boolean, ...words: ReadonlyArray<string>): ReadonlyArray<string> => (value ? words : [])

/** Envoy's command line, without what hot restart adds for each epoch. */
export const envoyArguments = (
  settings: Settings,
  bootstrapPath: string,
  role: Role = "main"
): ReadonlyArray<string> => {
  const isMain = role === "main"
  const concurrency = isMain
    ? (settings.ENVOY_CONCURRENCY ?? (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS ? 1 : undefined))
    : 1
  return [
    "-c",
    bootstrapPath,
    "-l",
    settings.ENVOY_LOG_LEVEL,
    ...(concurrency === undefined ? [] : ["--concurrency", `${concurrency}`]),
    "--drain-time-s",
    `${settings.LISTENER_DRAIN_WAIT_TIME_S}`,
    ...isEnabled(settings.DISABLE_HOT_RESTART || !isMain, "--disable-hot-restart"),
    ...isEnabled(settings.ENVOY_SKIP_DEPRECATED_LOGS, "--skip-deprecated-logs")
  ]
}

/**
 * What hot restart adds. A crashed Envoy has left nothing to take over, so each start of the agent is epoch 0
 * of a base id that no other Envoy of this host uses.
 */
export const hotRestartArguments = (settings: Settings, baseId: number, role: Role): ReadonlyArray<string> =>
  settings.DISABLE_HOT_RESTART || role !== "main"
    ? []
    : [
        "--base-id",
        `${baseId}`,
        "--restart-epoch",
        "0",
        "--parent-shutdown-time-s",
        `${settings.LISTENER_DRAIN_WAIT_TIME_S + 5}`
      ]
