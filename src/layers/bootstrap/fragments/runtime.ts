import { Option } from "effect"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"

/** A flag of Envoy's runtime. */
interface RuntimeFlag {
  readonly key: string
  /** Undefined if the flag is not written. */
  readonly value: (settings: Settings) => boolean | number | undefined
  /** The variable that determines the value; without one, it is fixed. */
  readonly variable?: SettingName
  /** Whether a relay has a use for it as well. */
  readonly isForRelay?: true
  /** The minor version 1.x in which Envoy removed this runtime guard. From then on it logs an error for the flag. */
  readonly removedIn?: number
}

/** In the order in which they are written. */
const runtimeFlags: ReadonlyArray<RuntimeFlag> = [
  { key: "envoy.features.enable_all_deprecated_features", value: () => true },
  { key: "re2.max_program_size.error_level", value: () => 1000, isForRelay: true },
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
    isForRelay: true,
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

/** The x of version 1.x. An unknown version counts as old: it is written every flag. */
const minorVersion = (version: Option.Option<EnvoyVersion>): number =>
  Option.match(version, {
    onNone: () => 0,
    onSome: ({ major, minor }) => (major > 1 ? Number.POSITIVE_INFINITY : minor)
  })

export interface RuntimeFragment {
  /** The flags alone, which node metadata repeats. */
  readonly flags: PartObject
  readonly layeredRuntime: PartObject
  /** The keys of the flags that are left out, since this Envoy has removed them. */
  readonly leftOut: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

/**
 * The runtime layers. Flags that this Envoy has removed are left out, unless `APPNET_RUNTIME_GUARDS=all`. That is a
 * warning only if the user set the flag's variable (`isSet`).
 */
export const runtimeFragment = (
  envoy: "workload" | "relay",
  settings: Settings,
  version: Option.Option<EnvoyVersion>,
  isSet: (name: SettingName) => boolean
): RuntimeFragment => {
  const minor = minorVersion(version)
  const flags: Record<string, Part> = {}
  const leftOut: Array<string> = []
  const warnings: Array<string> = []
  for (const { isForRelay = false, key, removedIn = Number.POSITIVE_INFINITY, value, variable } of runtimeFlags) {
    if (envoy === "relay" && !isForRelay) continue
    const flag = value(settings)
    if (flag === undefined) continue
    if (settings.APPNET_RUNTIME_GUARDS === "all" || minor < removedIn) {
      flags[key] = variable === undefined ? flag : withSource(flag, variable)
      continue
    }
    leftOut.push(key)
    if (variable !== undefined && isSet(variable)) {
      warnings.push(`${variable} has no effect: Envoy removed the runtime guard ${key} in 1.${removedIn}`)
    }
  }
  return {
    flags,
    layeredRuntime: {
      layers: [
        { name: "static_layer_0", staticLayer: withSource(flags, "APPNET_RUNTIME_GUARDS") },
        { name: "admin_layer", adminLayer: {} }
      ]
    },
    leftOut,
    warnings
  }
}
