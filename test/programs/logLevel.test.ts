import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { setLogLevel } from "../../src/programs/logLevel.ts"
import { shows } from "../shows.ts"
import { scriptedAgent } from "./scriptedAgent.ts"

describe("the command log-level", () => {
  it.effect("sets the level, permanently where asked", () =>
    Effect.gen(function* () {
      shows("control-commands")
      const { layer, requests } = scriptedAgent({})
      yield* Effect.provide(setLogLevel({ level: "debug", permanent: false }), layer)
      yield* Effect.provide(setLogLevel({ level: "off", permanent: true }), layer)
      assert.deepStrictEqual(requests, [
        "POST /enableLogging?level=debug",
        "POST /enableLogging?level=off&permanent=true"
      ])
    })
  )

  it.effect("says that a level is in force already", () =>
    Effect.gen(function* () {
      const { layer, written } = scriptedAgent({ status: 304, body: "" })
      yield* Effect.provide(setLogLevel({ level: "info", permanent: false }), layer)
      assert.deepStrictEqual(written, ["the level is info already\n"])
    })
  )
})
