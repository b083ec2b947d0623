import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { drain } from "../../src/programs/drain.ts"
import { setLogLevel } from "../../src/programs/logLevel.ts"
import { showStats } from "../../src/programs/stats.ts"
import { shows } from "../shows.ts"
import { outcome, scriptedAgent } from "./scriptedAgent.ts"

const commands = [
  drain({ graceful: false }),
  setLogLevel({ level: "debug", permanent: false }),
  showStats({ usedOnly: false, extensionOnly: false, delta: false })
]

describe("a command that sends a request to the running agent", () => {
  it.effect("ends with 1 and the agent's text where the agent refuses", () =>
    Effect.gen(function* () {
      shows("control-exit-codes")
      for (const command of commands) {
        const { layer } = scriptedAgent({ status: 429, body: "too many\n" })
        assert.deepStrictEqual(outcome(yield* Effect.result(Effect.provide(command, layer))), {
          code: 1,
          message: "refused (429): too many"
        })
      }
    })
  )

  it.effect("ends with 2 and the address where no agent answers", () =>
    Effect.gen(function* () {
      shows("control-exit-codes")
      for (const command of commands) {
        const { layer } = scriptedAgent(undefined)
        assert.deepStrictEqual(outcome(yield* Effect.result(Effect.provide(command, layer))), {
          code: 2,
          message: "no agent answers on unix:/api.sock: ENOENT"
        })
      }
    })
  )
})
