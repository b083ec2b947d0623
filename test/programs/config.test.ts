import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { layerFrom } from "../../src/layers/config/ConfigLive.ts"
import { settingNames } from "../../src/layers/config/decode.ts"
import { showConfig } from "../../src/programs/config.ts"
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

const printed = Effect.fnUntraced(function* (environment: Readonly<Record<string, string>>, json: boolean) {
  const { layer, written } = recordedOutput()
  yield* showConfig({ json }).pipe(Effect.provide(Layer.merge(layer, layerFrom(environment))))
  return written.join("").trimEnd()
})

const answered = (environment: Readonly<Record<string, string>>) =>
  Effect.flatMap(printed(environment, true), Schema.decodeUnknownEffect(Schema.fromJsonString(Answer)))

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
      assert.deepInclude(of("APPMESH_RESOURCE_ARN"), { value: null, source: "default" })
    })
  )

  it.effect("prints Envoy's arguments with the bootstrap file that is used", () =>
    Effect.gen(function* () {
      shows("config-json")
      const { envoyArguments } = yield* answered({ ENVOY_CONFIG_FILE: "/envoy.yaml", ENVOY_LOG_LEVEL: "debug" })
      assert.deepStrictEqual(envoyArguments.slice(0, 4), ["-c", "/envoy.yaml", "-l", "debug"])
      // A generated file has another path at each start.
      const generated = yield* answered({ APPNET_RUN_DIR: "/run/agent" })
      assert.deepStrictEqual(generated.envoyArguments.slice(0, 2), ["-c", "<generated at each start, in /run/agent>"])
    })
  )

  it.effect("prints the warnings in both forms", () =>
    Effect.gen(function* () {
      shows("config-table")
      const environment = { ENVOY_LOG_LEVL: "debug" }
      const warning = "ENVOY_LOG_LEVL is set but is not a setting; did you mean ENVOY_LOG_LEVEL?"
      assert.deepStrictEqual((yield* answered(environment)).warnings, [warning])
      assert.include(yield* printed(environment, false), `warning: ${warning}`)
    })
  )

  it.effect("aligns the table for people", () =>
    Effect.gen(function* () {
      shows("config-table")
      const lines = (yield* printed({ ENVOY_ADMIN_ACCESS_PORT: "9999" }, false)).split("\n")
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
      const text = `${yield* printed(environment, true)}${yield* printed(environment, false)}`
      assert.notInclude(text, "hunter2")
      assert.include(text, "<redacted>")
    })
  )
})
