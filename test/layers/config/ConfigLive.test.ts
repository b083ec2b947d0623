import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { layerFrom } from "../../../src/layers/config/ConfigLive.ts"
import { Config } from "../../../src/services/Config.ts"

describe("ConfigLive", () => {
  it.effect("decodes the settings of an environment", () =>
    Effect.gen(function* () {
      const { settings } = yield* Config
      assert.strictEqual(settings.LISTENER_DRAIN_WAIT_TIME_S, 30)
    }).pipe(Effect.provide(layerFrom({ LISTENER_DRAIN_WAIT_TIME_S: "30" })))
  )

  it.effect("fails with every invalid setting, one line each", () =>
    Effect.gen(function* () {
      const environment = {
        ENVOY_ADMIN_ACCESS_PORT: "abc",
        MAX_REQUESTS_PER_IO_CYCLE: "x",
        APPNET_AGENT_ADMIN_MODE: "x"
      }
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layerFrom(environment))))
      assert.deepStrictEqual(error.message.split("\n"), [
        "ENVOY_ADMIN_ACCESS_PORT=abc is invalid: expected a port from 1 to 65535",
        "MAX_REQUESTS_PER_IO_CYCLE=x is invalid: expected a whole number from 1 to 4294967295",
        "APPNET_AGENT_ADMIN_MODE=x is invalid: expected one of tcp, uds"
      ])
    })
  )
})
