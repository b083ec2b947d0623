import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { levelArgument, setLogLevel } from "../../src/programs/logLevel.ts"
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

  it.effect("takes a level in any case, as the API does", () =>
    Effect.gen(function* () {
      shows("control-commands")
      const levels: Array<string> = []
      const command = Command.make("log-level", { level: levelArgument }, ({ level }) =>
        Effect.sync(() => void levels.push(level))
      )
      for (const word of ["DEBUG", "Warn", "info"]) {
        yield* Effect.provide(Command.runWith(command, { version: "1.2.3" })([word]), NodeServices.layer)
      }
      assert.deepStrictEqual(levels, ["debug", "warn", "info"])
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
