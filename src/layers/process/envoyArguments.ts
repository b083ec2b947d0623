import type { Role } from "../../services/EnvoyRole.ts"
import type { Settings } from "../../services/Settings.ts"

const flagIf = (enabled: boolean, flag: string): ReadonlyArray<string> => (enabled ? [flag] : [])

/** Envoy's arguments, without those of hot restart. `logLevel` is the configured one, which a request may have moved. */
export const envoyArguments = (
  settings: Settings,
  bootstrapPath: string,
  role: Role = "main",
  logLevel: string = settings.ENVOY_LOG_LEVEL
): ReadonlyArray<string> => {
  const isMain = role === "main"
  const concurrency = isMain
    ? (settings.ENVOY_CONCURRENCY ?? (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS ? 1 : undefined))
    : 1
  return [
    "-c",
    bootstrapPath,
    "-l",
    logLevel,
    ...(concurrency === undefined ? [] : ["--concurrency", `${concurrency}`]),
    "--drain-time-s",
    `${settings.LISTENER_DRAIN_WAIT_TIME_S}`,
    ...flagIf(settings.DISABLE_HOT_RESTART || !isMain, "--disable-hot-restart"),
    ...flagIf(settings.ENVOY_SKIP_DEPRECATED_LOGS, "--skip-deprecated-logs")
  ]
}

/**
 * Envoy's arguments for hot restart. A crashed Envoy leaves nothing to take over, so each start is epoch 0, on a base id that no
 * other Envoy of this host uses.
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
