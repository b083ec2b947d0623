import { Option } from "effect"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { by, type Part, type PartObject } from "../provenance.ts"

/** A flag of Envoy's runtime, as the settings ask for it. */
interface Flag {
  readonly key: string
  readonly value: (settings: Settings) => boolean | number | undefined
  /** What decides it, where a variable does. */
  readonly variable?: SettingName
  /** A relay, which gets no configuration of its own, has a use for it too. */
  readonly ofRelay?: true
  /** The first minor version 1.x of Envoy that answers it with an error: it has removed this guard. */
  readonly removedIn?: number
}

/** In the order in which they are written. */
const flags: ReadonlyArray<Flag> = [
  { key: "envoy.features.enable_all_deprecated_features", value: () => true },
  { key: "re2.max_program_size.error_level", value: () => 1000, ofRelay: true },
  {
    key: "envoy.reloadable_features.http_set_tracing_decision_in_request_id",
    value: (settings) => settings.APPMESH_SET_TRACING_DECISION,
    variable: "APPMESH_SET_TRACING_DECISION",
    removedIn: 20
  },
  {
    key: "envoy.reloadable_features.no_extension_lookup_by_name",
    value: (settings) => settings.ENVOY_NO_EXTENSION_LOOKUP_BY_NAME,
    variable: "ENVOY_NO_EXTENSION_LOOKUP_BY_NAME",
    removedIn: 39
  },
  {
    key: "envoy.reloadable_features.use_http_client_to_fetch_aws_credentials",
    value: (settings) => settings.ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS,
    variable: "ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS",
    ofRelay: true,
    removedIn: 35
  },
  {
    key: "envoy.reloadable_features.tcp_pool_idle_timeout",
    value: (settings) => (settings.ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT === false ? false : undefined),
    variable: "ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT",
    removedIn: 27
  },
  {
    key: "http.max_requests_per_io_cycle",
    value: (settings) => settings.MAX_REQUESTS_PER_IO_CYCLE,
    variable: "MAX_REQUESTS_PER_IO_CYCLE"
  }
]

export interface RuntimeFragment {
  /** The flags alone, which node metadata repeats. */
  readonly staticLayer: PartObject
  readonly layeredRuntime: PartObject
  readonly warnings: ReadonlyArray<string>
}

/**
 * The runtime layers. Flags that this Envoy has removed are left out, unless `APPNET_RUNTIME_GUARDS=all`; that is
 * worth a warning only where a variable of theirs was set (`isSet`).
 */
export const runtimeFragment = (
  envoy: "workload" | "relay",
  settings: Settings,
  version: Option.Option<EnvoyVersion>,
  isSet: (name: SettingName) => boolean
): RuntimeFragment => {
  const minor = Option.match(version, {
    onNone: () => 0,
    onSome: (v) => (v.major > 1 ? Number.POSITIVE_INFINITY : v.minor)
  })
  const staticLayer: Record<string, Part> = {}
  const warnings: Array<string> = []
  for (const { key, ofRelay = false, removedIn = Number.POSITIVE_INFINITY, value, variable } of flags) {
    if (envoy === "relay" && !ofRelay) continue
    const asked = value(settings)
    if (asked === undefined) continue
    if (settings.APPNET_RUNTIME_GUARDS === "all" || minor < removedIn) {
      staticLayer[key] = variable === undefined ? asked : by(asked, variable)
    } else if (variable !== undefined && isSet(variable)) {
      warnings.push(`${variable} has no effect: Envoy removed the runtime guard ${key} in 1.${removedIn}`)
    }
  }
  return {
    staticLayer,
    layeredRuntime: {
      layers: [
        { name: "static_layer_0", staticLayer: by(staticLayer, "APPNET_RUNTIME_GUARDS") },
        { name: "admin_layer", adminLayer: {} }
      ]
    },
    warnings
  }
}
