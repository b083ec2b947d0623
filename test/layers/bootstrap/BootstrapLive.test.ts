import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import * as yaml from "yaml"
import { findAdminAddress } from "../../../src/layers/bootstrap/adminAddress.ts"
import { explain } from "../../../src/layers/bootstrap/explain.ts"
import { settingsTable } from "../../../src/services/Settings.ts"
import { shows } from "../../shows.ts"
import {
  appMesh,
  bootstrapOf,
  type Environment,
  generatedOf,
  problemsOf,
  RightSettings,
  serviceConnect,
  WrongSettings,
  withFiles
} from "./harness.ts"

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
      const environment: Environment = { ...right, ...wrong }
      const isOn = (name: string) => ["1", "true"].includes(environment[name] ?? "")
      const unused = [
        ...(environment.ENVOY_ADMIN_MODE === "uds" ? ["ENVOY_ADMIN_ACCESS_PORT"] : []),
        ...(isOn("ENABLE_ENVOY_XRAY_TRACING") ? [] : ["XRAY_SAMPLING_RATE", "AWS_XRAY_DAEMON_ADDRESS"]),
        ...(isOn("ENABLE_ENVOY_JAEGER_TRACING") ? [] : ["JAEGER_TRACER_VERSION"]),
        // Standalone mode has no resource, and a mode that cannot be read may be that.
        ...(environment.APPNET_XDS_MODE === undefined ? [] : ["APPMESH_RESOURCE_ARN"])
      ]
      const made = yield* Effect.result(bootstrapOf(environment))
      const problems = Result.isFailure(made) ? made.failure.problems : []
      const named = problems.flatMap((problem) => (problem._tag === "InvalidSetting" ? [problem.variable] : []))
      for (const name of Object.keys(wrong)) {
        assert.strictEqual(named.includes(name), !unused.includes(name), `${name} of ${named}`)
      }
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

  it.effect("reports invalid settings together with what is missing, with files and with ports", () =>
    Effect.gen(function* () {
      shows("all-at-once", "bootstrap-refused")
      const DIR = yield* withFiles({ "tracing.yaml": "tracing: {}", "resources.yaml": "tracing: {}" })
      const problems = yield* problemsOf({
        ENVOY_STATS_FLUSH_INTERVAL: "10",
        ENVOY_TRACING_CFG_FILE: `${DIR}/tracing.yaml`,
        ENVOY_RESOURCES_CONFIG_FILE: `${DIR}/resources.yaml`,
        ENVOY_STATS_CONFIG_FILE: `${DIR}/none.yaml`,
        APPNET_AGENT_SCRAPE_ADDRESS: "127.0.0.1:9901",
        APPMESH_XDS_ENDPOINT: "xds"
      })
      const expected = [
        /^ENVOY_STATS_FLUSH_INTERVAL=10 is invalid/,
        /^APPMESH_RESOURCE_ARN is not set/,
        /^AWS_REGION is not set/,
        /^APPMESH_XDS_ENDPOINT=xds is invalid/,
        /^ENVOY_STATS_CONFIG_FILE=.* does not exist$/,
        /^ENVOY_RESOURCES_CONFIG_FILE=.*: line 1, column 1: tracing is in the bootstrap already/,
        /^port 9901 is used twice: for Envoy's admin/
      ]
      assert.strictEqual(problems.length, expected.length, problems.join("\n"))
      for (const [i, pattern] of expected.entries()) assert.match(`${problems[i]}`, pattern)
    })
  )

  it.effect("keeps each problem and each warning on one line, whatever a value holds", () =>
    Effect.gen(function* () {
      shows("all-at-once")
      const injected = "x\n[critical] all is lost\u001b[2J"
      const error = yield* Effect.flip(
        bootstrapOf({ ...appMesh, APPMESH_RESOURCE_ARN: injected, ENVOY_TRACING_CFG_FILE: `/${injected}` })
      )
      assert.strictEqual(error.message.split("\n").length, 2)
      assert.include(error.message, "APPMESH_RESOURCE_ARN=x\\n[critical] all is lost\\u001b[2J is not a known resource")
      const { warnings } = yield* bootstrapOf({ ...serviceConnect, APPMESH_RESOURCE_ARN: `arn:a:b:c:d:${injected}` })
      assert.match(warnings.join(), /^APPMESH_RESOURCE_ARN=arn:a:b:c:d:x\\n\[critical\].* names a resource/)
    })
  )

  it.effect("concludes nothing from the default in place of an invalid value", () =>
    Effect.gen(function* () {
      shows("all-at-once")
      const invalid = (environment: Environment) =>
        Effect.map(problemsOf(environment), (problems) => problems.map((problem) => /^\w+/.exec(problem)?.[0]))
      // The default port would meet the other, and the default mode needs a resource and a region.
      const port = { ...appMesh, ENVOY_ADMIN_ACCESS_PORT: "abc", APPNET_AGENT_SCRAPE_ADDRESS: "127.0.0.1:9901" }
      assert.deepStrictEqual(yield* invalid(port), ["ENVOY_ADMIN_ACCESS_PORT"])
      const files = { ENVOY_STATS_CONFIG_FILE: "/nonexistent" }
      assert.deepStrictEqual(yield* invalid({ APPNET_XDS_MODE: "http", ...files }), [
        "APPNET_XDS_MODE",
        "ENVOY_STATS_CONFIG_FILE"
      ])
      assert.deepStrictEqual(yield* invalid({ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "yes", ...files }), [
        "APPNET_ENABLE_RELAY_MODE_FOR_XDS"
      ])
      const signing = { ...appMesh, APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "perhaps" }
      assert.deepStrictEqual(yield* invalid({ ...signing, APPNET_AGENT_SCRAPE_ADDRESS: "127.0.0.1:9903" }), [
        "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS"
      ])
    })
  )

  it.effect("reports each problem as a tagged error with variable, value and position", () =>
    Effect.gen(function* () {
      const DIR = yield* withFiles({ "resources.yaml": "clusters: []\nclusters: []\n" })
      const error = yield* Effect.flip(
        bootstrapOf({
          APPMESH_RESOURCE_ARN: "shop/cart",
          AWS_REGION: "us-west-2",
          ENVOY_RESOURCES_CONFIG_FILE: `${DIR}/resources.yaml`,
          APPNET_AGENT_ADMIN_MODE: "tcp",
          APPNET_AGENT_HTTP_PORT: "9901"
        })
      )
      assert.strictEqual(error._tag, "BootstrapError")
      assert.deepStrictEqual(
        error.problems.map(({ _tag }) => _tag),
        ["InvalidSetting", "UserFileError", "PortCollision"]
      )
      const [setting, file] = error.problems
      assert.deepInclude(setting, { variable: "APPMESH_RESOURCE_ARN", value: "shop/cart" })
      assert.deepInclude(file, { variable: "ENVOY_RESOURCES_CONFIG_FILE", position: "line 2, column 1" })
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
