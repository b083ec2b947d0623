import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Schema } from "effect"
import { StartCheckLive } from "../../src/layers/bootstrap/StartCheckLive.ts"
import { settingNames } from "../../src/layers/config/decode.ts"
import { showConfig } from "../../src/programs/config.ts"
import { EnvoyNotFound } from "../../src/services/EnvoyBinary.ts"
import {
  appMesh,
  type Environment,
  relay,
  serviceConnect,
  stockEnvoy,
  type World,
  withFiles,
  worldOf
} from "../layers/bootstrap/harness.ts"
import { shows } from "../shows.ts"
import { recordedOutput } from "./recordedOutput.ts"

const Answer = Schema.Struct({
  settings: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      value: Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
      source: Schema.Literals(["environment", "default", "clamped"])
    })
  ),
  warnings: Schema.Array(Schema.String),
  envoyArguments: Schema.Array(Schema.String)
})

interface Shown {
  readonly json?: boolean
  readonly set?: boolean
}

/** What the command prints in Service Connect mode, and how it ends. */
const showing = Effect.fnUntraced(function* (environment: Environment, options: Shown, world: World = {}) {
  const { layer, written } = recordedOutput()
  const check = StartCheckLive.pipe(Layer.provideMerge(worldOf({ ...serviceConnect, ...environment }, world)))
  const result = yield* Effect.result(
    showConfig({ json: false, set: false, ...options }).pipe(Effect.provide(Layer.merge(layer, check)))
  )
  return { text: written.join("").trimEnd(), result }
})

const printed = (environment: Environment, options: Shown = {}, world: World = {}) =>
  Effect.flatMap(showing(environment, options, world), ({ result, text }) =>
    Result.isSuccess(result) ? Effect.succeed(text) : Effect.fail(result.failure)
  )

const answered = (environment: Environment) =>
  Effect.flatMap(printed(environment, { json: true }), Schema.decodeUnknownEffect(Schema.fromJsonString(Answer)))

describe("the command config", () => {
  it.effect("prints each setting in table order with value and source", () =>
    Effect.gen(function* () {
      shows("config-json")
      const { settings } = yield* answered({ PID_POLL_INTERVAL_MS: "5", RELAY_STREAM_IDLE_TIMEOUT: "1m30s" })
      assert.deepStrictEqual(
        settings.map(({ name }) => name),
        [...settingNames]
      )
      const of = (wanted: string) => settings.find(({ name }) => name === wanted)
      assert.deepInclude(of("PID_POLL_INTERVAL_MS"), { value: 10, source: "clamped" })
      assert.deepInclude(of("RELAY_STREAM_IDLE_TIMEOUT"), { value: "90s", source: "environment" })
      assert.deepInclude(of("APPMESH_SIGNING_NAME"), { value: null, source: "default" })
    })
  )

  it.effect("prints Envoy's arguments with the bootstrap file that is used", () =>
    Effect.gen(function* () {
      shows("config-json")
      const DIR = yield* withFiles({ own: "admin: { address: { pipe: { path: /a.sock } } }", empty: "" })
      const argumentsWith = (file: string) =>
        Effect.map(answered({ ENVOY_CONFIG_FILE: `${DIR}/${file}`, ENVOY_LOG_LEVEL: "debug" }), (answer) =>
          answer.envoyArguments.slice(0, 4)
        )
      assert.deepStrictEqual(yield* argumentsWith("own"), ["-c", `${DIR}/own`, "-l", "debug"])
      // A generated file has another path at each start.
      const generated = "<generated at each start, in /tmp>"
      assert.deepStrictEqual(yield* argumentsWith("empty"), ["-c", generated, "-l", "debug"])
    })
  )

  it.effect("prints the warnings in both forms", () =>
    Effect.gen(function* () {
      shows("config-table")
      const environment = { ENVOY_LOG_LEVL: "debug" }
      const warning = "ENVOY_LOG_LEVL is set but is not a setting; did you mean ENVOY_LOG_LEVEL?"
      assert.deepStrictEqual((yield* answered(environment)).warnings, [warning])
      assert.include(yield* printed(environment), `warning: ${warning}`)
    })
  )

  it.effect("aligns the table for people", () =>
    Effect.gen(function* () {
      shows("config-table")
      const [mode, ...lines] = (yield* printed({ ENVOY_ADMIN_ACCESS_PORT: "9999" })).split("\n")
      assert.strictEqual(mode, "mode: service connect (APPMESH_XDS_ENDPOINT is a unix socket)")
      assert.strictEqual(lines.length, settingNames.length)
      const words = lines.find((line) => line.startsWith("ENVOY_ADMIN_ACCESS_PORT "))?.split(/ +/)
      assert.deepStrictEqual(words, ["ENVOY_ADMIN_ACCESS_PORT", "9999", "environment"])
      const columns = new Set(lines.map((line) => line.search(/(environment|default|clamped)$/)))
      assert.strictEqual(columns.size, 1)
    })
  )

  it.effect("shows no secret in either form", () =>
    Effect.gen(function* () {
      shows("config-secrets")
      const environment = { APPNET_AGENT_ADMIN_TOKEN: "hunter2" }
      const text = `${yield* printed(environment, { json: true })}${yield* printed(environment)}`
      assert.notInclude(text, "hunter2")
      assert.include(text, "<redacted>")
    })
  )

  it.effect("says first which mode is in force, and why", () =>
    Effect.gen(function* () {
      shows("config-mode")
      const DIR = yield* withFiles({ own: "admin: { address: { pipe: { path: /a.sock } } }", empty: "" })
      const mode = (environment: Environment, world?: World) =>
        Effect.map(showing(environment, {}, world), ({ text }) => text.split("\n")[0])
      const files = { APPNET_CA_BUNDLE: "/dev/null" }
      const cases: ReadonlyArray<readonly [Environment, string, World?]> = [
        [{}, "service connect (APPMESH_XDS_ENDPOINT is a unix socket)"],
        [{ APPNET_XDS_MODE: "tls", APPMESH_XDS_ENDPOINT: "xds:1", ...files }, "standalone (APPNET_XDS_MODE=tls)"],
        [{ ...relay, APPMESH_XDS_ENDPOINT: "" }, "relay (APPNET_ENABLE_RELAY_MODE_FOR_XDS is on)"],
        [{ ...appMesh, APPMESH_XDS_ENDPOINT: "" }, "app mesh (no setting chooses another mode)"],
        [
          { ...appMesh, APPMESH_XDS_ENDPOINT: "" },
          "app mesh with a local relay (no setting chooses another mode)",
          stockEnvoy
        ],
        [{ ENVOY_CONFIG_FILE: `${DIR}/own` }, `own bootstrap (ENVOY_CONFIG_FILE=${DIR}/own)`],
        [{ ENVOY_CONFIG_FILE: `${DIR}/missing` }, `own bootstrap (ENVOY_CONFIG_FILE=${DIR}/missing)`],
        [{ ENVOY_CONFIG_FILE: `${DIR}/empty` }, "service connect (APPMESH_XDS_ENDPOINT is a unix socket)"]
      ]
      for (const [environment, expected, world] of cases) {
        assert.strictEqual(yield* mode(environment, world), `mode: ${expected}`)
      }
    })
  )

  it.effect("prints only what is set, if that is asked for", () =>
    Effect.gen(function* () {
      shows("config-set")
      const lines = (yield* printed({ PID_POLL_INTERVAL_MS: "5" }, { set: true })).split("\n")
      assert.deepStrictEqual(
        lines.slice(1, 5).map((line) => line.split(/ +/)[0]),
        ["APPMESH_RESOURCE_ARN", "APPMESH_XDS_ENDPOINT", "ENVOY_ADMIN_ACCESS_LOG_FILE", "PID_POLL_INTERVAL_MS"]
      )
      assert.match(`${lines[5]}`, /^warning: PID_POLL_INTERVAL_MS=5 is outside/)
      const json = yield* printed({}, { set: true, json: true })
      assert.deepStrictEqual(json.match(/"name": "\w+"/g)?.length, 3)
    })
  )

  it.effect("prints the warnings of the bootstrap as well", () =>
    Effect.gen(function* () {
      shows("config-table")
      const warning = "APPMESH_SIGNING_NAME has no effect in service connect mode"
      assert.include(yield* printed({ APPMESH_SIGNING_NAME: "x" }), `warning: ${warning}`)
    })
  )

  it.effect("fails with everything for which run would not start Envoy, all at once", () =>
    Effect.gen(function* () {
      shows("config-refused", "all-at-once")
      const wrong = {
        APPMESH_RESOURCE_ARN: "",
        ENVOY_RESOURCES_CONFIG_FILE: "/nonexistent.yaml",
        APPNET_RUN_DIR: "/nonexistent",
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "9901"
      }
      const problems = [
        /^APPMESH_RESOURCE_ARN is not set/,
        /^ENVOY_RESOURCES_CONFIG_FILE=\/nonexistent.yaml does not exist$/,
        /^port 9901 is used twice/,
        /^APPNET_RUN_DIR=\/nonexistent cannot hold the files of this agent: \/nonexistent does not exist$/
      ]
      const fails = ({ result }: Effect.Success<ReturnType<typeof showing>>, expected: ReadonlyArray<RegExp>) => {
        const lines = Result.isFailure(result) ? result.failure.message.split("\n") : []
        assert.strictEqual(lines.length, expected.length, lines.join("\n"))
        for (const [i, pattern] of expected.entries()) assert.match(`${lines[i]}`, pattern)
      }
      const shown = yield* showing(wrong, {})
      fails(shown, problems)
      assert.match(shown.text, /^mode: service connect.*\n/)
      const missing = new EnvoyNotFound({ path: "/usr/bin/envoy", problem: "does not exist" })
      fails(yield* showing(wrong, {}, { path: Effect.fail(missing) }), [
        ...problems,
        /^cannot start Envoy: \/usr\/bin\/envoy does not exist/
      ])
      // Without values that could be in force, nothing is printed.
      const invalid = yield* showing({ ...wrong, ENABLE_ENVOY_STATS_TAGS: "yes" }, {})
      fails(invalid, [/^ENABLE_ENVOY_STATS_TAGS=yes is invalid/, ...problems])
      assert.strictEqual(invalid.text, "")
    })
  )
})
