import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { drain } from "../../src/programs/drain.ts"
import { shows } from "../shows.ts"
import { scriptedAgent } from "./scriptedAgent.ts"

describe("the command drain", () => {
  it.effect("drains inbound listeners, gracefully where asked", () =>
    Effect.gen(function* () {
      shows("control-commands")
      const { layer, requests, written } = scriptedAgent({})
      yield* Effect.provide(drain({ graceful: false }), layer)
      yield* Effect.provide(drain({ graceful: true }), layer)
      assert.deepStrictEqual(requests, [
        "POST /drain_listeners?inboundonly",
        "POST /drain_listeners?inboundonly&graceful"
      ])
      assert.deepStrictEqual(written, ["OK\n", "OK\n"])
    })
  )

  it.effect("prints no control character of an answer", () =>
    Effect.gen(function* () {
      const { layer, written } = scriptedAgent({ body: "one\n\u001b[31mtwo\n" })
      yield* Effect.provide(drain({ graceful: false }), layer)
      assert.deepStrictEqual(written, ["one\n\\u001b[31mtwo\n"])
    })
  )
})
