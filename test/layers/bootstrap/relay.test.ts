import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import localRelayTemplate from "../../../resources/local_relay_bootstrap.yaml"
import relayTemplate from "../../../resources/relay_bootstrap.yaml"
import { ecdhCurves, serviceConnectHost } from "../../../src/layers/bootstrap/mode/regionEndpoints.ts"
import { fillTemplate, placeholderNames } from "../../../src/layers/bootstrap/relay/template.ts"
import type { Json } from "../../../src/services/Bootstrap.ts"
import { shows } from "../../shows.ts"
import { bootstrapOf, envoy140, generatedOf, virtualNode } from "./harness.ts"

const relay = { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1", AWS_REGION: "us-west-2", APPNET_CA_BUNDLE: "/ca.pem" }
const appMesh = { APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2", APPNET_CA_BUNDLE: "/ca.pem" }
const stock = { signsForAws: Option.some(false) }

/** The values of all fields with a name, at any depth. */
const found = (json: Json, name: string): ReadonlyArray<Json> => {
  if (typeof json !== "object" || json === null) return []
  if (Array.isArray(json)) return json.flatMap((item: Json) => found(item, name))
  return Object.entries(json).flatMap(([key, value]) => [...(key === name ? [value] : []), ...found(value, name)])
}
const oneOf = (json: Json, name: string) => found(json, name)[0]

const problemsOf = (environment: Readonly<Record<string, string>>, world = {}) =>
  Effect.map(Effect.flip(bootstrapOf(environment, world)), (error) => error.message)

const localRelayOf = (environment: Readonly<Record<string, string>>) =>
  Effect.flatMap(bootstrapOf({ ...appMesh, ...environment }, stock), ({ localRelay }) =>
    localRelay?.document._tag === "Generated"
      ? Effect.succeed({ ...localRelay, value: localRelay.document.value })
      : Effect.die("no local relay")
  )

describe("a template", () => {
  it("has a placeholder for every value, and is filled completely", () => {
    for (const template of [relayTemplate, localRelayTemplate]) {
      const names = [...new Set(placeholderNames(template))]
      assert.isAbove(names.length, 8)
      const text = JSON.stringify(fillTemplate(template, Object.fromEntries(names.map((name) => [name, `of ${name}`]))))
      assert.notInclude(text, "!value")
      for (const name of names) assert.include(text, `"of ${name}"`)
    }
  })

  it.effect("gets a value for every placeholder", () =>
    Effect.gen(function* () {
      const { value } = yield* generatedOf(relay)
      const local = yield* localRelayOf({})
      for (const name of ["address", "path", "service_name", "sni", "filename", "ecdh_curves", "layers"])
        assert.isDefined(oneOf(value, name), name)
      for (const name of ["port_value", "service_name", "host_rewrite", "stream_idle_timeout", "layers"])
        assert.isDefined(oneOf(local.value, name), name)
    })
  )

  it.effect.prop(
    "keeps a value inside its field, whatever characters it has",
    {
      path: Schema.String.check(Schema.isMaxLength(15)),
      name: Schema.String.check(Schema.isMaxLength(15))
    },
    Effect.fnUntraced(function* ({ name, path }) {
      shows("typed-values")
      const plain = yield* generatedOf(relay)
      const environment = {
        ...relay,
        APPNET_RELAY_LISTENER_UDS_PATH: `/${path}"\n: {!value region}`,
        APPMESH_SIGNING_NAME: `${name}': \n- x`
      }
      const { value } = yield* generatedOf(environment)
      assert.strictEqual(oneOf(value, "path"), environment.APPNET_RELAY_LISTENER_UDS_PATH.trim())
      assert.strictEqual(oneOf(value, "service_name"), environment.APPMESH_SIGNING_NAME.trim())
      const keys = (json: Json): ReadonlyArray<string> =>
        typeof json === "object" && json !== null
          ? Object.entries(json).flatMap(([key, item]) => [key, ...keys(item)])
          : []
      assert.deepStrictEqual(keys(value), keys(plain.value))
    })
  )
})

describe("relay mode", () => {
  it.effect("needs no resource, and has its admin on the unix socket whatever ENVOY_ADMIN_MODE says", () =>
    Effect.gen(function* () {
      shows("APPNET_ENABLE_RELAY_MODE_FOR_XDS", "APPNET_ENVOY_ADMIN_UDS_PATH", "relay-admin")
      const { admin, localRelay, managementServer } = yield* bootstrapOf({
        ...relay,
        ENVOY_ADMIN_MODE: "tcp",
        APPNET_ENVOY_ADMIN_UDS_PATH: "/run/admin.sock"
      })
      assert.deepStrictEqual(admin, { _tag: "Unix", path: "/run/admin.sock" })
      assert.isUndefined(localRelay)
      assert.strictEqual(managementServer?._tag === "Unix" && managementServer.path, "/tmp/relay_xds.sock")
      const behind = managementServer?.relaysTo
      assert.deepStrictEqual(behind?._tag === "Tcp" && [behind.host, behind.port], ["ecs-sc.us-west-2.api.aws", 443])
    })
  )

  it.effect("forwards to the domain name, else to the endpoint, else to the region's server", () =>
    Effect.gen(function* () {
      shows("APPNET_MANAGEMENT_DOMAIN_NAME", "APPNET_MANAGEMENT_PORT", "relay-server")
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string, number]> = [
        [{}, "ecs-sc.us-west-2.api.aws", 443],
        [{ APPNET_MANAGEMENT_PORT: "8443" }, "ecs-sc.us-west-2.api.aws", 8443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com" }, "sc.example.com", 443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com:9443" }, "sc.example.com", 9443],
        [{ APPMESH_XDS_ENDPOINT: "https://sc.example.com:9443/" }, "sc.example.com", 9443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com:9443", APPNET_MANAGEMENT_PORT: "8443" }, "sc.example.com", 8443],
        [{ APPMESH_XDS_ENDPOINT: "a:1", APPNET_MANAGEMENT_DOMAIN_NAME: "b.example.com" }, "b.example.com", 443],
        [{ AWS_REGION: "cn-north-1" }, "ecs-sc.cn-north-1.api.amazonwebservices.com.cn", 443]
      ]
      for (const [environment, host, port] of cases) {
        const { value } = yield* generatedOf({ ...relay, ...environment })
        assert.deepStrictEqual(found(value, "socket_address"), [{ address: host, port_value: port }])
        assert.deepStrictEqual([oneOf(value, "sni"), oneOf(value, "host_rewrite")], [host, host])
      }
    })
  )

  it.effect("names every invalid setting", () =>
    Effect.gen(function* () {
      shows("relay-unix-endpoint")
      assert.match(
        yield* problemsOf({ ...relay, APPMESH_XDS_ENDPOINT: "unix:///tmp/x.sock" }),
        /^APPMESH_XDS_ENDPOINT=unix:\/\/\/tmp\/x.sock is not a management server.*APPNET_RELAY_LISTENER_UDS_PATH$/
      )
      const ignored = { APPMESH_XDS_ENDPOINT: "unix:///tmp/x.sock", APPNET_MANAGEMENT_DOMAIN_NAME: "sc.example.com" }
      assert.match(yield* problemsOf({ ...relay, ...ignored }), /^APPMESH_XDS_ENDPOINT=unix/)
      const both = yield* problemsOf({ ...relay, APPNET_MANAGEMENT_DOMAIN_NAME: "sc.example.com:443", AWS_REGION: "x" })
      assert.match(
        both,
        /^APPNET_MANAGEMENT_DOMAIN_NAME=sc.example.com:443 is not a host name.*APPNET_MANAGEMENT_PORT$/m
      )
      assert.match(both, /^AWS_REGION=x is not a region/m)
      assert.match(yield* problemsOf({ ...relay, AWS_REGION: "us-gov-east-1" }), /FIPS/)
      assert.match(yield* problemsOf({ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }), /^AWS_REGION is not set/)
    })
  )

  it.effect("uses the FIPS endpoint for a FIPS Envoy, and offers the curves of the partition", () =>
    Effect.gen(function* () {
      const fips = { version: Option.some({ ...envoy140, fips: true }) }
      const { value } = yield* generatedOf({ ...relay, AWS_REGION: "us-gov-east-1" }, fips)
      assert.strictEqual(oneOf(value, "sni"), "ecs-sc-fips.us-gov-east-1.api.aws")
      assert.deepStrictEqual(oneOf(value, "ecdh_curves"), ["P-256"])
      assert.strictEqual(serviceConnectHost("eu-west-1", true), "ecs-sc.eu-west-1.api.aws")
      assert.strictEqual(serviceConnectHost("ca-central-1", true), "ecs-sc-fips.ca-central-1.api.aws")
      assert.deepStrictEqual(ecdhCurves("us-iso-east-1"), ["P-384", "P-256"])
      const custom = yield* generatedOf({ ...relay, AWS_REGION: "us-gov-east-1", APPNET_MANAGEMENT_DOMAIN_NAME: "x" })
      assert.strictEqual(oneOf(custom.value, "sni"), "x")
    })
  )

  it.effect("warns about a socket that Envoy cannot create", () =>
    Effect.gen(function* () {
      const named = (warnings: ReadonlyArray<string>) => warnings.map((warning) => warning.split("=")[0])
      const wrong = {
        APPNET_RELAY_LISTENER_UDS_PATH: "/nonexistent/a.sock",
        APPNET_ENVOY_ADMIN_UDS_PATH: "/none/b.sock"
      }
      const { warnings } = yield* bootstrapOf({ ...relay, APPNET_CA_BUNDLE: "/dev/null", ...wrong })
      assert.deepStrictEqual(named(warnings), ["APPNET_RELAY_LISTENER_UDS_PATH", "APPNET_ENVOY_ADMIN_UDS_PATH"])
      assert.include(warnings[0], "since /nonexistent does not exist or cannot be written")
      const fine = yield* bootstrapOf({ ...relay, APPNET_CA_BUNDLE: "/dev/null" })
      assert.deepStrictEqual(fine.warnings, [])
    })
  )

  it.effect("warns about settings that a relay ignores, and reads none of their files", () =>
    Effect.gen(function* () {
      const { warnings } = yield* bootstrapOf({
        ...relay,
        APPMESH_RESOURCE_ARN: virtualNode,
        ENVOY_RESOURCES_CONFIG_FILE: "/nonexistent.yaml",
        ENABLE_ENVOY_XRAY_TRACING: "1",
        ENABLE_ENVOY_JAEGER_TRACING: "1",
        APPNET_LOCAL_RELAY_ADMIN_PORT: "1"
      })
      const named = warnings.flatMap((warning) => /^(\w+) has no effect in relay mode/.exec(warning)?.[1] ?? [])
      assert.deepStrictEqual(named, [
        "APPMESH_RESOURCE_ARN",
        "ENVOY_RESOURCES_CONFIG_FILE",
        "ENABLE_ENVOY_XRAY_TRACING",
        "ENABLE_ENVOY_JAEGER_TRACING",
        "APPNET_LOCAL_RELAY_ADMIN_PORT"
      ])
    })
  )
})

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
        const environment = { ...appMesh, APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: asked }
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
        { ...appMesh, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock", ...on }
      ]
      for (const environment of others) {
        const { localRelay, warnings } = yield* bootstrapOf(environment, stock)
        assert.isUndefined(localRelay)
        assert.include(`${warnings}`, "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS has no effect")
        // Without a local relay, its ports collide with none, and its settings are unused.
        const ports = { ENVOY_ADMIN_ACCESS_PORT: "9903", APPNET_LOCAL_RELAY_LISTENER_PORT: "15004" }
        const more = yield* bootstrapOf({ ...environment, ...ports }, stock)
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
      assert.deepStrictEqual(found(value, "socket_address"), [
        { address: "127.0.0.1", port_value: 1500 },
        { address: "appmesh-preview-envoy-management.us-west-2.amazonaws.com", port_value: 443 },
        { address: "0.0.0.0", port_value: 1501 }
      ])
      assert.strictEqual(oneOf(value, "service_name"), "appmesh-preview")
      assert.strictEqual(oneOf(value, "stream_idle_timeout"), "60s")
      assert.deepStrictEqual(found(value, "per_connection_buffer_limit_bytes"), [4096, 4096])
      const own = yield* localRelayOf({ APPMESH_XDS_ENDPOINT: "[fd00::1]:18000", APPMESH_SIGNING_NAME: "mesh" })
      assert.deepStrictEqual(found(own.value, "socket_address")[1], { address: "fd00::1", port_value: 18000 })
      assert.strictEqual(oneOf(own.value, "service_name"), "mesh")
      assert.deepStrictEqual([oneOf(own.value, "host_rewrite"), oneOf(own.value, "sni")], ["[fd00::1]", "fd00::1"])
      // With SO_REUSEPORT, another agent on this port would get some of the streams.
      assert.strictEqual(oneOf(value, "enable_reuse_port"), false)
      for (const endpoint of ["user@foo:443", "foo.:443", "[any:thing]:443"]) {
        const said = yield* problemsOf({ ...appMesh, APPMESH_XDS_ENDPOINT: endpoint }, stock)
        assert.match(said, /^APPMESH_XDS_ENDPOINT=.* has no host name/)
      }
      // The trusted roots sign certificates of other servers too.
      const names = (json: Json) => found(json, "match_typed_subject_alt_names")
      const name = "appmesh-preview-envoy-management.us-west-2.amazonaws.com"
      assert.deepStrictEqual(names(value), [[{ san_type: "DNS", matcher: { exact: name } }]])
      assert.deepStrictEqual(names(own.value), [[{ san_type: "IP_ADDRESS", matcher: { exact: "fd00::1" } }]])
    })
  )

  it.effect("makes the main Envoy reconnect after one second", () =>
    Effect.gen(function* () {
      const { value } = yield* generatedOf(appMesh, stock)
      assert.deepStrictEqual(oneOf(value, "grpc.initial_reconnect_backoff_ms"), { intValue: 1000 })
      assert.deepStrictEqual(oneOf(value, "grpc.max_reconnect_backoff_ms"), { intValue: 5000 })
    })
  )
})

describe("the ports of one agent", () => {
  it.effect("are an error where two listeners share one", () =>
    Effect.gen(function* () {
      const said = yield* problemsOf(
        {
          ...appMesh,
          APPNET_AGENT_ADMIN_MODE: "tcp",
          APPNET_AGENT_HTTP_PORT: "15003",
          APPNET_LOCAL_RELAY_ADMIN_PORT: "9901",
          APPNET_AGENT_SCRAPE_ADDRESS: "127.0.0.1:9901"
        },
        stock
      )
      assert.deepStrictEqual(
        said.split("\n").map((line) => /^port (\d+) .*\((\w+)\).*\((\w+)\): give/.exec(line)?.slice(1)),
        [
          ["9901", "ENVOY_ADMIN_ACCESS_PORT", "APPNET_LOCAL_RELAY_ADMIN_PORT"],
          ["9901", "ENVOY_ADMIN_ACCESS_PORT", "APPNET_AGENT_SCRAPE_ADDRESS"],
          ["15003", "APPNET_LOCAL_RELAY_LISTENER_PORT", "APPNET_AGENT_HTTP_PORT"],
          ["9901", "APPNET_LOCAL_RELAY_ADMIN_PORT", "APPNET_AGENT_SCRAPE_ADDRESS"]
        ]
      )
    })
  )

  it.effect("may be the same on different addresses, and where nothing listens", () =>
    Effect.gen(function* () {
      yield* bootstrapOf({
        ...appMesh,
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "9901",
        APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.2",
        APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1"
      })
      yield* bootstrapOf({ ...appMesh, APPNET_LOCAL_RELAY_ADMIN_PORT: "9901" })
      yield* bootstrapOf({
        ...appMesh,
        ENVOY_ADMIN_MODE: "uds",
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "9901"
      })
    })
  )
})
