import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { settingNames } from "../../../../src/layers/config/decode.ts"
import type { SettingName } from "../../../../src/services/Settings.ts"
import { settingsTable } from "../../../../src/services/Settings.ts"
import { shows } from "../../../shows.ts"
import { bootstrapOf, type Environment, taskSet, virtualNode, type World, withFiles } from "../harness.ts"

/** A value for each setting that belongs to some modes only, with the settings that it needs. */
const samples: Readonly<Partial<Record<SettingName, readonly [value: string, needs?: Environment]>>> = {
  APPMESH_RESOURCE_ARN: [virtualNode.replace("cart", "other")],
  APPMESH_RESOURCE_NAME: ["mesh/shop/virtualNode/other", { APPMESH_RESOURCE_ARN: "" }],
  APPMESH_VIRTUAL_NODE_NAME: ["mesh/shop/virtualNode/other", { APPMESH_RESOURCE_ARN: "" }],
  APPMESH_RESOURCE_CLUSTER: ["cluster"],
  APPMESH_VIRTUAL_NODE_CLUSTER: ["cluster"],
  APPMESH_SIGNING_NAME: ["signing"],
  APPMESH_PREVIEW: ["1"],
  APPMESH_DUALSTACK_ENDPOINT: ["1"],
  APPMESH_SDS_SOCKET_PATH: ["/sds.sock"],
  APPMESH_SET_TRACING_DECISION: ["0"],
  ENVOY_RESOURCES_CONFIG_FILE: ["DIR/resources.yaml"],
  ENVOY_INITIAL_FETCH_TIMEOUT: ["9"],
  ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: ["0"],
  ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: ["0"],
  MAX_REQUESTS_PER_IO_CYCLE: ["1"],
  ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH: ["/tmp/outliers"],
  APPNET_XDS_CLIENT_CERT_FILE: ["DIR/other", { APPNET_XDS_CLIENT_KEY_FILE: "DIR/key" }],
  APPNET_XDS_CLIENT_KEY_FILE: ["DIR/other", { APPNET_XDS_CLIENT_CERT_FILE: "DIR/cert" }],
  APPNET_XDS_TOKEN_FILE: ["DIR/token"],
  APPNET_XDS_SNI: ["sni"],
  APPNET_NODE_ID: ["id"],
  APPNET_NODE_CLUSTER: ["cluster"],
  ENABLE_ENVOY_STATS_TAGS: ["1"],
  APPMESH_METRIC_EXTENSION_VERSION: ["1"],
  ENVOY_STATS_FLUSH_INTERVAL: ["7s"],
  ENVOY_STATS_CONFIG_FILE: ["DIR/stats.yaml"],
  ENVOY_STATS_SINKS_CFG_FILE: ["DIR/sinks.yaml"],
  ENABLE_ENVOY_DOG_STATSD: ["1"],
  STATSD_PORT: ["1", { ENABLE_ENVOY_DOG_STATSD: "1" }],
  STATSD_ADDRESS: ["::1", { ENABLE_ENVOY_DOG_STATSD: "1" }],
  STATSD_SOCKET_PATH: ["/dsd.sock", { ENABLE_ENVOY_DOG_STATSD: "1" }],
  ENABLE_ENVOY_XRAY_TRACING: ["1"],
  XRAY_DAEMON_PORT: ["1", { ENABLE_ENVOY_XRAY_TRACING: "1" }],
  AWS_XRAY_DAEMON_ADDRESS: ["::1", { ENABLE_ENVOY_XRAY_TRACING: "1" }],
  XRAY_SAMPLING_RATE: ["0.5", { ENABLE_ENVOY_XRAY_TRACING: "1" }],
  XRAY_SAMPLING_RULE_MANIFEST: ["DIR/rules.json", { ENABLE_ENVOY_XRAY_TRACING: "1" }],
  XRAY_SEGMENT_NAME: ["segment", { ENABLE_ENVOY_XRAY_TRACING: "1" }],
  ENABLE_ENVOY_DATADOG_TRACING: ["1"],
  DATADOG_TRACER_PORT: ["1", { ENABLE_ENVOY_DATADOG_TRACING: "1" }],
  DATADOG_TRACER_ADDRESS: ["::1", { ENABLE_ENVOY_DATADOG_TRACING: "1" }],
  DD_SERVICE: ["service", { ENABLE_ENVOY_DATADOG_TRACING: "1" }],
  ENABLE_ENVOY_JAEGER_TRACING: ["1"],
  JAEGER_TRACER_PORT: ["1", { ENABLE_ENVOY_JAEGER_TRACING: "1" }],
  JAEGER_TRACER_ADDRESS: ["::1", { ENABLE_ENVOY_JAEGER_TRACING: "1" }],
  JAEGER_TRACER_VERSION: ["json", { ENABLE_ENVOY_JAEGER_TRACING: "1" }],
  ENVOY_TRACING_CFG_FILE: ["DIR/tracing.yaml"],
  APPNET_MANAGEMENT_DOMAIN_NAME: ["sc.example.com"],
  APPNET_MANAGEMENT_PORT: ["1"],
  APPNET_RELAY_LISTENER_UDS_PATH: ["/tmp/other.sock"],
  RELAY_STREAM_IDLE_TIMEOUT: ["7s"],
  RELAY_BUFFER_LIMIT_BYTES: ["7"],
  APPNET_LOCAL_RELAY_LISTENER_PORT: ["1"],
  APPNET_LOCAL_RELAY_ADMIN_PORT: ["1"],
  APPNET_LOCAL_RELAY_ADMIN_HOST: ["::1"],
  NAMESPACE_NAME: ["shop"],
  NAMESPACE_ARN: ["arn:namespace"],
  APPNET_CONTAINER_IP_MAPPING: ['{"a":"10.0.0.1"}'],
  APPNET_LISTENER_PORT_MAPPING: ['{"a":1}']
}

/** Settings that choose the mode, or that another part than the bootstrap reads. */
const elsewhere: ReadonlyArray<SettingName> = [
  "APPNET_XDS_MODE",
  "APPNET_ENABLE_RELAY_MODE_FOR_XDS",
  "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS",
  "APPNET_LOCAL_RELAY_LOG_DESTINATION",
  "APPNET_LOCAL_RELAY_LOG_FILE_NAME"
]

const oldEnvoy = { version: Option.some({ major: 1, minor: 19, patch: 0, fips: false }) }
const base = { AWS_REGION: "us-west-2", APPNET_CA_BUNDLE: "/dev/null", APPMESH_RESOURCE_ARN: virtualNode }
const modes: Readonly<Record<string, readonly [Environment, World]>> = {
  "App Mesh": [base, oldEnvoy],
  "App Mesh with a local relay": [base, { ...oldEnvoy, signsForAws: Option.some(false) }],
  "Service Connect": [{ ...base, APPMESH_RESOURCE_ARN: taskSet, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds" }, oldEnvoy],
  "Service Connect for a virtual node": [{ ...base, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds" }, oldEnvoy],
  standalone: [{ ...base, APPNET_XDS_MODE: "tls", APPMESH_XDS_ENDPOINT: "xds:1" }, oldEnvoy],
  "standalone with certificates": [{ ...base, APPNET_XDS_MODE: "mtls", APPMESH_XDS_ENDPOINT: "xds:1" }, oldEnvoy],
  relay: [{ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1", AWS_REGION: "us-west-2", APPNET_CA_BUNDLE: "/dev/null" }, oldEnvoy]
}

const files = {
  "resources.yaml": "overload_manager: {}",
  "stats.yaml": "stats_config: {}",
  "sinks.yaml": "stats_sinks: [{ name: s }]",
  "tracing.yaml": "tracing: {}",
  "rules.json": '{"version":2,"default":{"fixed_target":1,"rate":0.1}}',
  cert: "",
  key: "",
  other: "",
  token: ""
}

describe("the warning that a setting has no effect", () => {
  it("is tested for each setting that belongs to some modes only", () => {
    const some = settingNames.filter((name) => !settingsTable[name].modes.some((mode) => mode === "all"))
    assert.deepStrictEqual([...Object.keys(samples), ...elsewhere].sort(), some.sort())
  })

  for (const [mode, [environment, world]] of Object.entries(modes)) {
    it.effect(`is true in ${mode} mode`, () =>
      Effect.gen(function* () {
        shows("no-effect")
        const DIR = yield* withFiles(files)
        const made = (variables: Environment) => {
          const placed = Object.entries(variables).map(([name, value]) => [name, value.replace("DIR", DIR)])
          return Effect.result(bootstrapOf({ ...environment, ...Object.fromEntries(placed) }, world))
        }
        for (const [name, [value, needs = {}]] of Object.entries(samples)) {
          const [without, withIt] = [yield* made(needs), yield* made({ ...needs, [name]: value })]
          const isWarned =
            withIt._tag === "Success" &&
            withIt.success.warnings.some((text) => text.startsWith(`${name} has no effect in`))
          if (!isWarned) continue
          const documents = [without, withIt].map((result) =>
            result._tag === "Success"
              ? JSON.stringify([result.success.document, result.success.localRelay])
              : result.failure.message
          )
          assert.strictEqual(documents[0], documents[1], `${name} in ${mode} mode`)
        }
      })
    )
  }
})
