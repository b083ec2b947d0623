import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { Json } from "../../../../src/services/Bootstrap.ts"
import { shows } from "../../../shows.ts"
import {
  appMeshWithRoots,
  bootstrapOf,
  type Environment,
  fieldNamed,
  fieldsNamed,
  generatedOf,
  localRelayOf,
  relay,
  stockEnvoy
} from "../harness.ts"

const messageOf = (environment: Environment) =>
  Effect.map(Effect.flip(bootstrapOf(environment, stockEnvoy)), (error) => error.message)

describe("local relay mode", () => {
  it.effect("is on for an Envoy that cannot sign, unless the setting says otherwise", () =>
    Effect.gen(function* () {
      shows("APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS", "local-relay-auto")
      const cases = [
        ["auto", Option.some(false), true],
        ["auto", Option.some(true), false],
        ["auto", Option.none(), true],
        ["0", Option.some(false), false],
        ["1", Option.some(true), true]
      ] as const
      for (const [asked, signsForAws, expected] of cases) {
        const environment = { ...appMeshWithRoots, APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: asked }
        const { document, localRelay, warnings } = yield* bootstrapOf(environment, { signsForAws })
        assert.strictEqual(localRelay !== undefined, expected)
        const text = JSON.stringify(document)
        assert.strictEqual(text.includes("aws_iam"), !expected)
        assert.strictEqual(text.includes('"targetUri":"127.0.0.1:15003"'), expected)
        assert.strictEqual(
          warnings.some((warning) => warning.includes("is unknown")),
          Option.isNone(signsForAws)
        )
      }
    })
  )

  it.effect("exists in App Mesh mode only", () =>
    Effect.gen(function* () {
      const on = { APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "1" }
      const others = [
        { ...relay, ...on },
        { APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "xds:1", ...on },
        { ...appMeshWithRoots, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock", ...on }
      ]
      for (const environment of others) {
        const { localRelay, warnings } = yield* bootstrapOf(environment, stockEnvoy)
        assert.isUndefined(localRelay)
        assert.include(`${warnings}`, "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS has no effect")
        // Without a local relay, its ports collide with none, and its settings are unused.
        const ports = { ENVOY_ADMIN_ACCESS_PORT: "9903", APPNET_LOCAL_RELAY_LISTENER_PORT: "15004" }
        const more = yield* bootstrapOf({ ...environment, ...ports }, stockEnvoy)
        assert.include(`${more.warnings}`, "APPNET_LOCAL_RELAY_LISTENER_PORT has no effect")
      }
    })
  )

  it.effect("signs for the App Mesh endpoint, with its own ports, admin and limits", () =>
    Effect.gen(function* () {
      shows(
        "APPNET_LOCAL_RELAY_LISTENER_PORT",
        "APPNET_LOCAL_RELAY_ADMIN_PORT",
        "APPNET_LOCAL_RELAY_ADMIN_HOST",
        "RELAY_STREAM_IDLE_TIMEOUT",
        "RELAY_BUFFER_LIMIT_BYTES"
      )
      const { admin, value } = yield* localRelayOf({
        APPNET_LOCAL_RELAY_LISTENER_PORT: "1500",
        APPNET_LOCAL_RELAY_ADMIN_PORT: "1501",
        APPNET_LOCAL_RELAY_ADMIN_HOST: "0.0.0.0",
        RELAY_STREAM_IDLE_TIMEOUT: "1m",
        RELAY_BUFFER_LIMIT_BYTES: "4096",
        APPMESH_PREVIEW: "1"
      })
      assert.deepStrictEqual(admin, { _tag: "Tcp", host: "127.0.0.1", port: 1501 })
      assert.deepStrictEqual(fieldsNamed(value, "socket_address"), [
        { address: "127.0.0.1", port_value: 1500 },
        { address: "appmesh-preview-envoy-management.us-west-2.amazonaws.com", port_value: 443 },
        { address: "0.0.0.0", port_value: 1501 }
      ])
      assert.strictEqual(fieldNamed(value, "service_name"), "appmesh-preview")
      assert.strictEqual(fieldNamed(value, "stream_idle_timeout"), "60s")
      assert.deepStrictEqual(fieldsNamed(value, "per_connection_buffer_limit_bytes"), [4096, 4096])
      const own = yield* localRelayOf({ APPMESH_XDS_ENDPOINT: "[fd00::1]:18000", APPMESH_SIGNING_NAME: "mesh" })
      assert.deepStrictEqual(fieldsNamed(own.value, "socket_address")[1], { address: "fd00::1", port_value: 18000 })
      assert.strictEqual(fieldNamed(own.value, "service_name"), "mesh")
      assert.deepStrictEqual(
        [fieldNamed(own.value, "host_rewrite"), fieldNamed(own.value, "sni")],
        ["[fd00::1]", "fd00::1"]
      )
      // With SO_REUSEPORT, another agent on this port would get some of the streams.
      assert.strictEqual(fieldNamed(value, "enable_reuse_port"), false)
      for (const endpoint of ["user@foo:443", "foo.:443", "[any:thing]:443"]) {
        const said = yield* messageOf({ ...appMeshWithRoots, APPMESH_XDS_ENDPOINT: endpoint })
        assert.match(said, /^APPMESH_XDS_ENDPOINT=.* has no host name/)
      }
      // The trusted roots sign certificates of other servers too.
      const names = (json: Json) => fieldsNamed(json, "match_typed_subject_alt_names")
      const name = "appmesh-preview-envoy-management.us-west-2.amazonaws.com"
      assert.deepStrictEqual(names(value), [[{ san_type: "DNS", matcher: { exact: name } }]])
      assert.deepStrictEqual(names(own.value), [[{ san_type: "IP_ADDRESS", matcher: { exact: "fd00::1" } }]])
    })
  )

  it.effect("makes the main Envoy reconnect after one second", () =>
    Effect.gen(function* () {
      const { value } = yield* generatedOf(appMeshWithRoots, stockEnvoy)
      assert.deepStrictEqual(fieldNamed(value, "grpc.initial_reconnect_backoff_ms"), { intValue: 1000 })
      assert.deepStrictEqual(fieldNamed(value, "grpc.max_reconnect_backoff_ms"), { intValue: 5000 })
    })
  )
})
