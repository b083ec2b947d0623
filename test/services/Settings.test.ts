import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { decodeEnvironment, type Environment } from "../../src/layers/config/decode.ts"
import type { SettingName } from "../../src/services/Settings.ts"
import { shows } from "../shows.ts"

const decoded = (environment: Environment) => Result.getOrThrow(decodeEnvironment(environment, 0))

// As documented. Not taken from the table of settings, since the table is what is tested.
const ranges: ReadonlyArray<readonly [name: SettingName, byDefault: number, minimum: number, maximum: number]> = [
  ["PID_POLL_INTERVAL_MS", 100, 10, 1000],
  ["HC_POLL_INTERVAL_MS", 10_000, 2000, 30_000],
  ["HC_DISCONNECTED_TIMEOUT_S", 604_800, 3600, 604_800],
  ["LISTENER_DRAIN_WAIT_TIME_S", 20, 1, 110],
  ["LISTENER_DRAIN_MIN_WAIT_TIME_S", 5, 0, 20],
  ["APPNET_ENVOY_RESTART_COUNT", 0, 0, 10],
  ["APPNET_AGENT_LOGGING_RESET_TIMEOUT", 300, 1, 86_400],
  ["APPNET_AGENT_MAX_LOG_FILE_SIZE", 1, 0.01, 1024],
  ["APPNET_AGENT_MAX_RETENTION_COUNT", 5, 0, 1000],
  ["APPNET_STATS_SNAPSHOT_INTERVAL_S", 60, 1, 3600]
]

const defaults: Readonly<Partial<Record<SettingName, string | number | boolean>>> = {
  APPMESH_PREVIEW: false,
  APPMESH_DUALSTACK_ENDPOINT: false,
  APPMESH_SET_TRACING_DECISION: true,
  ENVOY_ADMIN_MODE: "tcp",
  ENVOY_ADMIN_ACCESS_PORT: 9901,
  ENVOY_ADMIN_ACCESS_ENABLE_IPV6: false,
  APPNET_ENVOY_ADMIN_ADDRESS: "0.0.0.0",
  APPNET_ENVOY_ADMIN_UDS_PATH: "/tmp/envoy_admin.sock",
  ENVOY_ADMIN_ACCESS_LOG_FILE: "/var/log/envoy_admin_access.log",
  ENVOY_LOG_LEVEL: "info",
  ENVOY_INITIAL_FETCH_TIMEOUT: 0,
  ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: true,
  ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS: false,
  ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH: "/dev/stdout",
  APPNET_RUNTIME_GUARDS: "auto",
  ENABLE_ENVOY_STATS_TAGS: false,
  ENABLE_ENVOY_DOG_STATSD: false,
  STATSD_PORT: 8125,
  STATSD_ADDRESS: "127.0.0.1",
  ENABLE_ENVOY_XRAY_TRACING: false,
  XRAY_DAEMON_PORT: 2000,
  ENABLE_ENVOY_DATADOG_TRACING: false,
  DATADOG_TRACER_PORT: 8126,
  DATADOG_TRACER_ADDRESS: "127.0.0.1",
  ENABLE_ENVOY_JAEGER_TRACING: false,
  JAEGER_TRACER_PORT: 9411,
  JAEGER_TRACER_ADDRESS: "127.0.0.1",
  JAEGER_TRACER_VERSION: "proto",
  APPNET_RUN_DIR: "/tmp",
  DISABLE_HOT_RESTART: true,
  ENVOY_SKIP_DEPRECATED_LOGS: true,
  APPNET_AGENT_HTTP_PORT: 9902,
  APPNET_AGENT_HTTP_BIND_ADDRESS: "[::]",
  APPNET_AGENT_ADMIN_UDS_PATH: "/var/run/ecs/appnet_admin.sock",
  ENABLE_STATS_SNAPSHOT: false,
  APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: 5,
  APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S: 180,
  APPNET_ENVOY_LOG_NAME: "appnet_envoy.log",
  APPNET_ENABLE_RELAY_MODE_FOR_XDS: false,
  APPNET_MANAGEMENT_PORT: 443,
  APPNET_RELAY_LISTENER_UDS_PATH: "/tmp/relay_xds.sock",
  RELAY_STREAM_IDLE_TIMEOUT: "2400s",
  RELAY_BUFFER_LIMIT_BYTES: 10_485_760,
  APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "auto",
  APPNET_LOCAL_RELAY_LISTENER_PORT: 15_003,
  APPNET_LOCAL_RELAY_ADMIN_PORT: 9903,
  APPNET_LOCAL_RELAY_ADMIN_HOST: "127.0.0.1",
  APPNET_LOCAL_RELAY_LOG_DESTINATION: "/tmp",
  APPNET_LOCAL_RELAY_LOG_FILE_NAME: "local_relay_appnet_envoy.log",
  APPNET_FIPS_MODE_ENABLED: false,
  APPNET_AGENT_LOG_FORMAT: "text",
  APPNET_AGENT_LOG_LEVEL: "info"
}

describe("the documented settings", () => {
  it("have the documented defaults, and no others", () => {
    shows("defaults")
    const found = Object.fromEntries(
      decoded({}).inForce.flatMap(({ name, value }) => (value === null ? [] : [[name, value]]))
    )
    const numbers = Object.fromEntries(ranges.map(([name, byDefault]) => [name, byDefault]))
    assert.deepStrictEqual(found, { ...defaults, ...numbers })
  })

  it("have the documented ranges: a value outside becomes the nearest bound, with one warning", () => {
    shows(
      "PID_POLL_INTERVAL_MS",
      "HC_POLL_INTERVAL_MS",
      "HC_DISCONNECTED_TIMEOUT_S",
      "LISTENER_DRAIN_WAIT_TIME_S",
      "LISTENER_DRAIN_MIN_WAIT_TIME_S",
      "APPNET_ENVOY_RESTART_COUNT",
      "APPNET_AGENT_LOGGING_RESET_TIMEOUT",
      "APPNET_STATS_SNAPSHOT_INTERVAL_S",
      "clamped"
    )
    for (const [name, , minimum, maximum] of ranges) {
      const inForce = (value: number) => {
        const { settings, warnings } = decoded({ [name]: `${value}` })
        return [settings[name], warnings]
      }
      for (const value of [minimum, maximum]) assert.deepStrictEqual(inForce(value), [value, []], name)
      const warning = (value: number, bound: number) => [
        `${name}=${value} is outside ${minimum} to ${maximum}: using ${bound}`
      ]
      assert.deepStrictEqual(inForce(minimum - 1), [minimum, warning(minimum - 1, minimum)])
      assert.deepStrictEqual(inForce(maximum + 1), [maximum, warning(maximum + 1, maximum)])
    }
  })
})
