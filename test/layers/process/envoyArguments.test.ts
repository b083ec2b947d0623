import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { envoyArguments, hotRestartArguments } from "../../../src/layers/process/envoyArguments.ts"
import { Config } from "../../../src/services/Config.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

describe("Envoy's arguments", () => {
  const words = (environment: Readonly<Record<string, string>>) =>
    Effect.map(Config, ({ settings }) => envoyArguments(settings, "/run/b.json").join(" ")).pipe(
      Effect.provide(settings(environment))
    )

  it.effect("are those of the contract", () =>
    Effect.gen(function* () {
      shows("envoy-arguments", "relay-concurrency", "ENVOY_SKIP_DEPRECATED_LOGS", "DISABLE_HOT_RESTART")
      assert.strictEqual(
        yield* words({}),
        "-c /run/b.json -l info --drain-time-s 20 --disable-hot-restart --skip-deprecated-logs"
      )
      assert.strictEqual(
        yield* words({
          ENVOY_LOG_LEVEL: "debug",
          ENVOY_CONCURRENCY: "3",
          LISTENER_DRAIN_WAIT_TIME_S: "7",
          DISABLE_HOT_RESTART: "0",
          ENVOY_SKIP_DEPRECATED_LOGS: "0"
        }),
        "-c /run/b.json -l debug --concurrency 3 --drain-time-s 7"
      )
      assert.include(yield* words({ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }), "--concurrency 1 ")
    })
  )

  it.effect("take a base id, an epoch and the parent's time with hot restart on", () =>
    Effect.gen(function* () {
      shows("hot-restart-arguments")
      const { settings } = yield* Config
      assert.strictEqual(
        hotRestartArguments(settings, 17, "main").join(" "),
        "--base-id 17 --restart-epoch 0 --parent-shutdown-time-s 25"
      )
    }).pipe(Effect.provide(settings({ DISABLE_HOT_RESTART: "0" })))
  )
})
