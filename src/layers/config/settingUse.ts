// Which settings are used, so that a bad value of something that is off does not stop a start.
import { parseHostPort } from "../../services/hostPort.ts"
import type { Mode } from "../../services/Setting.ts"
import { type SettingName, type Settings, settingsTable } from "../../services/Settings.ts"
import { chooseMode } from "../bootstrap/mode/chooseMode.ts"

/** The settings as far as they are known. One whose value cannot be used holds its default, and may mean anything. */
export interface KnownSettings {
  readonly settings: Settings
  readonly isInvalid: (name: SettingName) => boolean
}

/** Whether a setting has a value, or may have it since its own cannot be read. */
const may =
  ({ isInvalid, settings }: KnownSettings) =>
  <K extends SettingName>(name: K, value: Settings[K]): boolean =>
    isInvalid(name) || settings[name] === value

type Condition = (known: KnownSettings) => boolean

const usesOwnTracer: Condition = (known) => may(known)("ENVOY_TRACING_CFG_FILE", undefined)
const tracesWith =
  (tracer: "ENABLE_ENVOY_XRAY_TRACING" | "ENABLE_ENVOY_DATADOG_TRACING" | "ENABLE_ENVOY_JAEGER_TRACING"): Condition =>
  (known) =>
    may(known)(tracer, true) && usesOwnTracer(known)
const xray = tracesWith("ENABLE_ENVOY_XRAY_TRACING")
const datadog = tracesWith("ENABLE_ENVOY_DATADOG_TRACING")
const jaeger = tracesWith("ENABLE_ENVOY_JAEGER_TRACING")

const usesOwnSinks: Condition = (known) => may(known)("ENVOY_STATS_SINKS_CFG_FILE", undefined)
const dogStatsd: Condition = (known) => may(known)("ENABLE_ENVOY_DOG_STATSD", true) && usesOwnSinks(known)
const dogStatsdOverUdp: Condition = (known) => dogStatsd(known) && may(known)("STATSD_SOCKET_PATH", undefined)

const isNoRelay: Condition = (known) => may(known)("APPNET_ENABLE_RELAY_MODE_FOR_XDS", false)
const adminOnTcp: Condition = (known) => isNoRelay(known) && may(known)("ENVOY_ADMIN_MODE", "tcp")
const adminOnSocket: Condition = (known) =>
  may(known)("APPNET_ENABLE_RELAY_MODE_FOR_XDS", true) || may(known)("ENVOY_ADMIN_MODE", "uds")

const managementOnTcp: Condition = (known) => may(known)("APPNET_AGENT_ADMIN_MODE", "tcp")
const managementOnSocket: Condition = (known) => may(known)("APPNET_AGENT_ADMIN_MODE", "uds")

/** What a setting needs to be used, besides its mode. */
const conditions: { readonly [K in SettingName]?: Condition } = {
  ENVOY_ADMIN_MODE: isNoRelay,
  ENVOY_ADMIN_ACCESS_PORT: adminOnTcp,
  ENVOY_ADMIN_ACCESS_ENABLE_IPV6: adminOnTcp,
  APPNET_ENVOY_ADMIN_ADDRESS: adminOnTcp,
  APPNET_ENVOY_ADMIN_UDS_PATH: adminOnSocket,

  ENABLE_ENVOY_STATS_TAGS: (known) => may(known)("ENVOY_STATS_CONFIG_FILE", undefined),
  ENABLE_ENVOY_DOG_STATSD: usesOwnSinks,
  STATSD_PORT: dogStatsdOverUdp,
  STATSD_ADDRESS: dogStatsdOverUdp,
  STATSD_SOCKET_PATH: dogStatsd,
  ENABLE_ENVOY_XRAY_TRACING: usesOwnTracer,
  XRAY_DAEMON_PORT: (known) => {
    const udp = known.settings.AWS_XRAY_DAEMON_ADDRESS?.replace(/^.*\budp:(\S+).*$/, "$1")
    return xray(known) && (udp === undefined || parseHostPort(udp) === undefined)
  },
  AWS_XRAY_DAEMON_ADDRESS: xray,
  XRAY_SAMPLING_RATE: (known) => xray(known) && may(known)("XRAY_SAMPLING_RULE_MANIFEST", undefined),
  ENABLE_ENVOY_DATADOG_TRACING: usesOwnTracer,
  DATADOG_TRACER_PORT: datadog,
  ENABLE_ENVOY_JAEGER_TRACING: usesOwnTracer,
  JAEGER_TRACER_PORT: jaeger,
  JAEGER_TRACER_VERSION: jaeger,

  APPNET_AGENT_HTTP_PORT: managementOnTcp,
  APPNET_AGENT_HTTP_BIND_ADDRESS: managementOnTcp,
  APPNET_AGENT_ADMIN_UDS_PATH: managementOnSocket
}

/** The modes that these settings may choose: more than one if a switch cannot be read. */
const possibleModes = (known: KnownSettings): ReadonlySet<Mode> => {
  const { isInvalid, settings } = known
  const modes = new Set<Mode>()
  if (may(known)("APPNET_ENABLE_RELAY_MODE_FOR_XDS", true)) modes.add("relay")
  if (may(known)("APPNET_ENABLE_RELAY_MODE_FOR_XDS", false)) {
    const { mode } = chooseMode({ ...settings, APPNET_ENABLE_RELAY_MODE_FOR_XDS: false })
    modes.add(isInvalid("APPNET_XDS_MODE") ? "standalone" : mode)
  }
  const mayHaveLocalRelay = settings.APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS !== "0"
  if (modes.has("app mesh") && mayHaveLocalRelay) modes.add("local relay")
  return modes
}

/** Whether the value of a setting is used, or may be. */
export const isUsed = (known: KnownSettings): ((name: SettingName) => boolean) => {
  const modes = possibleModes(known)
  return (name) =>
    settingsTable[name].modes.some((mode) => mode === "all" || modes.has(mode)) && (conditions[name]?.(known) ?? true)
}

/** The settings of the agent itself. */
const agentSettings: ReadonlySet<string> = new Set(
  Object.entries(settingsTable).flatMap(([name, { group }]) =>
    ["Running Envoy", "Management API", "Health", "Logs"].includes(group) ? [name] : []
  )
)

/** Whether a setting is used with a bootstrap of the user's own, which Envoy is started with as it is. */
export const isUsedWithOwnBootstrap = (name: string): boolean => agentSettings.has(name)
