import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Option, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as yaml from "yaml"
import { findAdminAddress } from "../../../src/layers/bootstrap/adminAddress.ts"
import { explain } from "../../../src/layers/bootstrap/explain.ts"
import type { BootstrapError } from "../../../src/services/Bootstrap.ts"
import { noInstanceFacts, noTaskFacts } from "../../../src/services/Metadata.ts"
import { settingsTable } from "../../../src/services/Settings.ts"
import { shows } from "../../shows.ts"
import {
  bootstrapOf,
  type Environment,
  envoy140,
  generatedOf,
  RightSettings,
  taskSet,
  virtualNode,
  WrongSettings
} from "./harness.ts"

const serviceConnect: Environment = { APPMESH_RESOURCE_ARN: taskSet, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock" }
const appMesh: Environment = { APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2" }

const problemsOf = (environment: Environment, world = {}) =>
  Effect.flip(bootstrapOf(environment, world)).pipe(Effect.map((error) => error.problems.map(({ message }) => message)))

/** A temporary folder with these files, by name and content. */
const withFiles = (files: Environment) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(`${tmpdir()}/appnet-bootstrap-`)
      for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

describe("a generated bootstrap", () => {
  it.effect.prop(
    "is made from any mix of valid settings, or names those that exclude each other",
    { environment: RightSettings },
    Effect.fnUntraced(function* ({ environment }) {
      const made = yield* Effect.result(generatedOf(environment))
      if (Result.isFailure(made)) {
        for (const problem of made.failure.message.split("\n")) {
          assert.match(
            problem,
            /^(ENABLE_ENVOY_\w+_TRACING( and )?)+ are on together|^APPMESH_XDS_ENDPOINT=unix:\S+ is invalid: expected host:port/
          )
        }
        return
      }
      const { admin, sources, value } = made.success
      assert.deepStrictEqual(findAdminAddress(value), admin)
      for (const { path, variables } of sources) {
        assert.isTrue(variables.every((name) => name in settingsTable))
        const there = path.reduce<unknown>((at, step) => (at === undefined ? at : Reflect.get(Object(at), step)), value)
        assert.notStrictEqual(there, undefined, path.join("."))
      }
    })
  )

  it.effect.prop(
    "is the same in YAML 1.1 and 1.2, with and without comments",
    { environment: RightSettings },
    Effect.fnUntraced(function* ({ environment }) {
      shows("typed-values")
      const made = yield* Effect.option(generatedOf(environment))
      if (Option.isNone(made)) return
      const { sources, value } = made.value
      for (const explained of [[], sources]) {
        const text = explain(yaml, value, explained, [])
        for (const version of ["1.1", "1.2"] as const) assert.deepStrictEqual(yaml.parse(text, { version }), value)
      }
    })
  )

  it.effect.prop(
    "names every invalid setting at once",
    { right: RightSettings, wrong: WrongSettings },
    Effect.fnUntraced(function* ({ right, wrong }) {
      shows("all-at-once")
      const names = Object.keys(wrong)
      const made = yield* Effect.exit(bootstrapOf({ ...right, ...wrong }))
      if (names.length === 0) return
      // The resource is checked after all settings are decoded.
      const expected = names.length === 1 ? names : names.filter((name) => name !== "APPMESH_RESOURCE_ARN")
      if (names.length === 1 && names[0] === "APPMESH_RESOURCE_ARN" && right.APPNET_XDS_MODE !== undefined) return
      const said = Exit.isFailure(made) ? String(yield* Effect.flip(made)) : assert.fail(`accepted: ${names}`)
      for (const name of expected) assert.include(said, name)
    })
  )

  it.effect("reports all problems at once", () =>
    Effect.gen(function* () {
      shows("tracer-conflict", "all-at-once")
      const problems = yield* problemsOf({
        ENABLE_ENVOY_XRAY_TRACING: "1",
        ENABLE_ENVOY_JAEGER_TRACING: "1",
        XRAY_SAMPLING_RULE_MANIFEST: "/nonexistent/rules.json",
        ENVOY_RESOURCES_CONFIG_FILE: "/nonexistent/resources.yaml"
      })
      assert.strictEqual(problems.length, 5)
      const words = [
        "APPMESH_RESOURCE_ARN",
        "AWS_REGION",
        "ENABLE_ENVOY_XRAY_TRACING and",
        "rules.json",
        "resources.yaml"
      ]
      for (const [i, word] of words.entries()) assert.include(problems[i], word)
    })
  )

  it.effect("warns about a setting that belongs to another mode", () =>
    Effect.gen(function* () {
      const { warnings } = yield* bootstrapOf({
        ...serviceConnect,
        APPMESH_SIGNING_NAME: "x",
        APPMESH_PREVIEW: "0",
        RELAY_BUFFER_LIMIT_BYTES: "5"
      })
      assert.deepStrictEqual(warnings, [
        "APPMESH_SIGNING_NAME has no effect in service connect mode: it belongs to app mesh, relay and local relay mode",
        "RELAY_BUFFER_LIMIT_BYTES has no effect in service connect mode: it belongs to relay and local relay mode"
      ])
    })
  )

  it.effect("contains no secret", () =>
    Effect.gen(function* () {
      const secret = "s3cr3t-value"
      const { value } = yield* generatedOf({
        ...appMesh,
        APPNET_AGENT_ADMIN_TOKEN: secret,
        AWS_SECRET_ACCESS_KEY: secret,
        AWS_SESSION_TOKEN: secret
      })
      assert.notInclude(JSON.stringify(value), secret)
    })
  )
})

describe("the region", () => {
  it.effect("is requested from EC2 only where it is needed", () =>
    Effect.gen(function* () {
      shows("imds-when", "mode-app-mesh")
      let asked = 0
      const instance = Effect.sync(() => {
        asked += 1
        return { facts: { ...noInstanceFacts, region: "ap-southeast-2" }, warnings: [] }
      })
      const { APPMESH_RESOURCE_ARN } = appMesh
      const { value } = yield* generatedOf({ APPMESH_RESOURCE_ARN: `${APPMESH_RESOURCE_ARN}` }, { instance })
      assert.include(JSON.stringify(value), "appmesh-envoy-management.ap-southeast-2.amazonaws.com:443")
      assert.strictEqual(asked, 1)
      yield* generatedOf(appMesh, { instance })
      yield* generatedOf(serviceConnect, { instance })
      yield* generatedOf({ APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "xds:1" }, { instance })
      assert.strictEqual(asked, 1)
    })
  )

  it.effect("is an error that names AWS_REGION where it is unknown or invalid", () =>
    Effect.gen(function* () {
      shows("AWS_REGION", "region-needed")
      assert.match(`${yield* problemsOf({ APPMESH_RESOURCE_ARN: virtualNode })}`, /^AWS_REGION is not set/)
      assert.match(`${yield* problemsOf({ ...appMesh, AWS_REGION: "moon/1" })}`, /^AWS_REGION=moon\/1 is not a region/)
    })
  )

  it.effect("is an error where it requires FIPS and Envoy is not built for it", () =>
    Effect.gen(function* () {
      const gov = { ...appMesh, AWS_REGION: "us-gov-west-1" }
      assert.match(`${yield* problemsOf(gov)}`, /FIPS/)
      const { value } = yield* generatedOf(gov, { version: Option.some({ ...envoy140, fips: true }) })
      assert.include(JSON.stringify(value), '"appmesh-envoy-management.us-gov-west-1.amazonaws.com:443"')
    })
  )
})

describe("metadata endpoints", () => {
  it.effect("are asked at the same time, and a missing answer is a warning", () =>
    Effect.gen(function* () {
      shows("metadata-side-by-side")
      const slow = <A>(facts: A, warning: string) =>
        Effect.delay(Effect.succeed({ facts, warnings: [warning] }), "2 seconds")
      const began = yield* Clock.currentTimeMillis
      const fiber = yield* Effect.forkScoped(
        generatedOf(
          {
            ...serviceConnect,
            APPMESH_PLATFORM_K8S_VERSION: "1",
            APPMESH_PLATFORM_K8S_POD_UID: "2",
            APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: "3"
          },
          { task: slow(noTaskFacts, "no task"), instance: slow(noInstanceFacts, "no instance") }
        )
      )
      yield* TestClock.adjust("2 seconds")
      const { value, warnings } = yield* Fiber.join(fiber)
      assert.strictEqual((yield* Clock.currentTimeMillis) - began, 2000)
      assert.deepStrictEqual(warnings, ["no task", "no instance"])
      assert.notProperty(value.node, "locality")
    })
  )

  it.effect("provide the locality and the platform info", () =>
    Effect.gen(function* () {
      shows("mode-service-connect")
      const facts = {
        ...noTaskFacts,
        availabilityZone: "us-west-2a",
        availabilityZoneId: "usw2-az2",
        cpu: "256",
        ipFamilies: "ALL" as const
      }
      const task = Effect.succeed({ facts, warnings: [] })
      const { value } = yield* generatedOf({ ...serviceConnect, AWS_REGION: "us-west-2" }, { task })
      const { node } = value
      assert.deepInclude(node, { locality: { region: "us-west-2", zone: "usw2-az2" } })
      const { metadata } = Schema.decodeUnknownSync(Schema.Struct({ metadata: Schema.JsonObject }))(node)
      assert.deepStrictEqual(metadata["aws.appmesh.platformInfo"], {
        AvailabilityZone: "us-west-2a",
        AvailabilityZoneID: "usw2-az2",
        ecsPlatformInfo: { CPU: "256" },
        supportedIPFamilies: "ALL",
        systemInfo: { systemKernelVersion: "6.1.0", systemPlatform: "x86_64" }
      })
      assert.deepStrictEqual(metadata["aws.appmesh.task.interfaces"], {
        ipv4: { lo: ["127.0.0.1/8"], eth0: ["10.0.0.3/24"] },
        ipv6: { eth0: ["fd00::3/64"] }
      })
    })
  )
})

describe("standalone mode", () => {
  const standalone: Environment = { APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "xds.example.com:18000" }

  it.effect("needs no AWS: the node is named after the host, and has no platform metadata", () =>
    Effect.gen(function* () {
      shows("standalone-no-aws")
      const task = Effect.die("asked for the task")
      const { value } = yield* generatedOf(
        { ...standalone, ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/1" },
        { task, instance: task }
      )
      assert.deepStrictEqual(value.node, { id: "task-host", cluster: "task-host" })
      assert.notInclude(JSON.stringify(value), "channelCredentials")
    })
  )

  it.effect("uses certificates and a token from files, and checks the server's name", () =>
    Effect.gen(function* () {
      shows("APPNET_NODE_ID", "APPNET_NODE_CLUSTER", "APPNET_XDS_SNI", "APPNET_CA_BUNDLE")
      const DIR = yield* withFiles({ ca: "", cert: "", key: "", token: "t0ken" })
      const { value } = yield* generatedOf({
        ...standalone,
        APPNET_XDS_MODE: "mtls",
        APPNET_NODE_ID: "node-1",
        APPNET_NODE_CLUSTER: "cart",
        APPNET_CA_BUNDLE: `${DIR}/ca`,
        APPNET_XDS_CLIENT_CERT_FILE: `${DIR}/cert`,
        APPNET_XDS_CLIENT_KEY_FILE: `${DIR}/key`,
        APPNET_XDS_TOKEN_FILE: `${DIR}/token`,
        APPNET_XDS_SNI: "control-plane"
      })
      assert.deepStrictEqual(value.node, { id: "node-1", cluster: "cart" })
      const text = JSON.stringify(value)
      const ssl = { rootCerts: { filename: `${DIR}/ca` }, certChain: { filename: `${DIR}/cert` } }
      assert.include(text, JSON.stringify({ sslCredentials: { ...ssl, privateKey: { filename: `${DIR}/key` } } }))
      assert.include(text, '"grpc.ssl_target_name_override":{"stringValue":"control-plane"}')
      assert.include(
        text,
        `"secretData":{"filename":"${DIR}/token"},"headerKey":"authorization","headerPrefix":"Bearer "`
      )
      assert.notInclude(text, "t0ken")
    })
  )

  it.effect("names what is missing", () =>
    Effect.gen(function* () {
      assert.match(
        `${yield* problemsOf({ APPNET_XDS_MODE: "tls" })}`,
        /^APPMESH_XDS_ENDPOINT is not set: expected host:port/
      )
      assert.match(`${yield* problemsOf({ ...standalone, APPMESH_XDS_ENDPOINT: "xds" })}`, /expected host:port/)
      const mutual = yield* problemsOf({ ...standalone, APPNET_XDS_MODE: "mtls", APPNET_CA_BUNDLE: "/nonexistent" })
      assert.deepStrictEqual(mutual, [
        "APPNET_XDS_CLIENT_CERT_FILE is not set: APPNET_XDS_MODE=mtls needs it",
        "APPNET_XDS_CLIENT_KEY_FILE is not set: APPNET_XDS_MODE=mtls needs it",
        "APPNET_CA_BUNDLE=/nonexistent does not exist"
      ])
      const open = yield* problemsOf({ ...standalone, APPNET_XDS_TOKEN_FILE: "/etc/hostname" })
      assert.match(`${open}`, /APPNET_XDS_TOKEN_FILE=\/etc\/hostname cannot be used with APPNET_XDS_MODE=grpc/)
    })
  )
})

describe("custom files", () => {
  const merged = (files: Environment, variables: Environment) =>
    Effect.gen(function* () {
      const DIR = yield* withFiles(files)
      const environment = Object.fromEntries(Object.entries(variables).map(([name, file]) => [name, `${DIR}/${file}`]))
      return yield* Effect.result(
        generatedOf({ ...serviceConnect, ENABLE_ENVOY_JAEGER_TRACING: "1", ...environment })
      ).pipe(Effect.map(Result.mapError((error) => error.message.replaceAll(`${DIR}/`, ""))))
    })
  const problem = (content: string, variable = "ENVOY_RESOURCES_CONFIG_FILE") =>
    Effect.map(merged({ f: content }, { [variable]: "f" }), (made) =>
      Result.isFailure(made) ? made.failure : assert.fail("accepted")
    )

  it.effect("report a problem with file, line and column", () =>
    Effect.gen(function* () {
      shows("ENVOY_STATS_SINKS_CFG_FILE", "ENVOY_TRACING_CFG_FILE", "custom-files-merged")
      const file = "ENVOY_RESOURCES_CONFIG_FILE=f: "
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["a: [unclosed\n", "line 2, column 1: "],
        ["a: 1\nb: 2\na: 3\n", "line 3, column 1: Map keys must be unique"],
        ["\n\n- a\n", "line 3, column 1: expected fields of an Envoy bootstrap"],
        ["# c\ntracing: {}\n", "line 2, column 1: tracing is in the bootstrap already"],
        [
          "static_resources: {}\nstaticResources: {}\n",
          "line 2, column 1: staticResources and static_resources are the same field"
        ],
        ["x: 1\nstatic_resources: 3\n", "line 2, column 1: static_resources is not an object"],
        ["static_resources: { clusters: {} }\n", "line 1, column 1: static_resources.clusters is not a list"],
        ["stats_sinks: 3\n", "line 1, column 1: stats_sinks is not a list"],
        ["a: 1\n---\nb: 1\n", "line 2, column 1: a second document"],
        [`a: ${"[".repeat(5000)}`, "line 1, column 103: more than 100 collections inside each other"],
        ["a: .nan\n", "line 1, column 1: NaN is not a JSON value"]
      ]
      for (const [content, expected] of cases) assert.include(yield* problem(content), `${file}${expected}`, content)
      assert.include(yield* problem("", "ENVOY_TRACING_CFG_FILE"), "ENVOY_TRACING_CFG_FILE=f is empty")
      assert.include(
        yield* problem("# nothing\nstats_sinks: []\n", "ENVOY_STATS_SINKS_CFG_FILE"),
        "ENVOY_STATS_SINKS_CFG_FILE=f: line 2, column 1: the file has no stats_sinks"
      )
      assert.include(
        yield* problem("admin: { profile_path: /tmp/x }"),
        `${file}line 1, column 1: admin has no address that the agent can connect to`
      )
    })
  )

  it.effect("may repeat aliases, but not expand them without bounds", () =>
    Effect.gen(function* () {
      const explode = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)
      assert.match(
        yield* problem(`a0: &a0 [x]\n${explode.join("\n")}\n`),
        /line \d+, column \d+: aliases expand to more than/
      )
      assert.match(yield* problem("a: &a\n  b: [*a]\n"), /line 2, column 7: aliases expand to more than/)
      const repeat = `node: &n { x: 1 }\nlayered_runtime:\n${Array.from({ length: 500 }, (_, i) => `  l${i}: *n`).join("\n")}`
      const made = yield* merged({ f: repeat }, { ENVOY_RESOURCES_CONFIG_FILE: "f" })
      assert.isTrue(Result.isSuccess(made))
    })
  )

  it.effect("are limited in bytes and tokens", () =>
    Effect.gen(function* () {
      assert.match(
        yield* problem("# padding\n".repeat(60_000)),
        /line 52429, column 9: the file is larger than 524288 bytes/
      )
      assert.match(yield* problem(`a: [${"1,".repeat(110_000)}]`), /line 1, column \d+: more than 200000 tokens/)
    })
  )

  it.effect("are merged in their order, and are the source of the clusters that they add", () =>
    Effect.gen(function* () {
      shows("ENVOY_RESOURCES_CONFIG_FILE", "ENVOY_TRACING_CFG_FILE", "custom-files-merged")
      const made = yield* merged(
        {
          tracing: "static_resources: { clusters: [{ name: a }], listeners: [{ name: l }] }",
          resources: "staticResources: { clusters: [{ name: b }] }\nstats_flush_interval: 3s\ncluster_manager: {}"
        },
        { ENVOY_RESOURCES_CONFIG_FILE: "resources", ENVOY_TRACING_CFG_FILE: "tracing" }
      )
      const { sources, value, warnings } = Result.getOrThrow(made)
      const names = Schema.Struct({
        clusters: Schema.Array(Schema.Struct({ name: Schema.String })),
        listeners: Schema.Array(Schema.Struct({ name: Schema.String }))
      })
      const { clusters, listeners } = Schema.decodeUnknownSync(names)(value.staticResources)
      assert.deepStrictEqual(
        clusters.map(({ name }) => name),
        ["local_cluster", "a", "b"]
      )
      assert.deepStrictEqual(listeners, [{ name: "l" }])
      assert.deepStrictEqual([value.statsFlushInterval, value.clusterManager], ["3s", {}])
      assert.match(`${warnings}`, /line 3, column 1: cluster_manager replaces the generated one/)
      assert.deepInclude(sources, {
        path: ["staticResources", "clusters", 2],
        variables: ["ENVOY_RESOURCES_CONFIG_FILE"]
      })
    })
  )

  it.effect("may replace the admin, which the agent then connects to", () =>
    Effect.gen(function* () {
      const made = yield* merged(
        { f: "admin: { address: { socket_address: { address: '::', port_value: 7777 } } }" },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(made).admin, { _tag: "Tcp", host: "::1", port: 7777 })
    })
  )

  it.effect("are read as YAML 1.1, as Go programs read it", () =>
    Effect.gen(function* () {
      shows("yaml-1.1")
      const made = yield* merged(
        {
          f: "x: &x { on_: yes, off_: off }\nz: { <<: *x, mode: 0600, when: 2026-01-31, time: 1:30, big: 18446744073709551615 }"
        },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(made).value.z, {
        on_: true,
        off_: false,
        mode: 0o600,
        when: "2026-01-31",
        time: "1:30",
        big: "18446744073709551615"
      })
    })
  )
})

describe("a custom bootstrap", () => {
  const own = (content: string) =>
    Effect.flatMap(withFiles({ "own.yaml": content }), (folder) =>
      bootstrapOf({ ...serviceConnect, ENVOY_CONFIG_FILE: `${folder}/own.yaml` })
    )

  it.effect("is used unchanged, with its admin address", () =>
    Effect.gen(function* () {
      shows("own-file")
      const text = "admin:\n  address:\n    pipe: { path: /tmp/own.sock }\n"
      const { admin, document } = yield* own(text)
      assert.deepStrictEqual(admin, { _tag: "Unix", path: "/tmp/own.sock" })
      assert.deepInclude(document, { _tag: "Custom", text })
    })
  )

  it.effect("may be larger than what the agent parses as a whole", () =>
    Effect.gen(function* () {
      const clusters = `static_resources:\n${"  # padding\n".repeat(60_000)}`
      const admin = "admin:\n  # why\n\n  address: { socket_address: { address: 0.0.0.0, port_value: 9 } }\n"
      const found = yield* own(`${clusters}${admin}node: {}\n`)
      assert.deepStrictEqual(found.admin, { _tag: "Tcp", host: "127.0.0.1", port: 9 })
      const none: BootstrapError | unknown = yield* Effect.flip(own(clusters))
      assert.include(String(none), "no admin address")
    })
  )

  it.effect("counts as not set where the file is empty", () =>
    Effect.gen(function* () {
      shows("own-file-empty")
      assert.strictEqual((yield* own(" \n")).document._tag, "Generated")
    })
  )
})
