import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { type CutOff, makeCutOffLog } from "../../../../src/layers/management/server/cutOffs.ts"
import { shows } from "../../../shows.ts"

const reader = (address: string | undefined, path?: string): CutOff => ({ address, path, seconds: 10, sent: 1234 })
const second = 1_000_000_000n

describe("readers that are cut off", () => {
  it.effect("are told in one line a minute, however many they are, and none is left out of the count", () =>
    Effect.gen(function* () {
      shows("cut-off-told")
      const lines: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void lines.push(`${message}`))])
      const tell = yield* makeCutOffLog
      yield* Effect.gen(function* () {
        yield* tell(5n * second, [])
        yield* tell(6n * second, [reader("192.0.2.1", "/stats/prometheus")])
        for (let i = 0; i < 40; i += 1) yield* tell(7n * second + BigInt(i), [reader("192.0.2.2"), reader("192.0.2.3")])
        yield* tell(65n * second, [])
        assert.lengthOf(lines, 1)
        yield* tell(66n * second, [])
        yield* tell(300n * second, [])
        yield* tell(301n * second, [reader(undefined, "/status"), reader(undefined, "/metrics")])
      }).pipe(Effect.provide(log))
      assert.deepStrictEqual(lines, [
        "192.0.2.1 is cut off: it took nothing of the answer to /stats/prometheus for 10 s, after 1234 bytes",
        "192.0.2.3 is cut off: it took nothing of the answer to what was no request for 10 s, after 1234 bytes (79 more since the last such line)",
        "a client of the unix socket is cut off: it took nothing of the answer to /metrics for 10 s, after 1234 bytes (1 more since the last such line)"
      ])
    })
  )
})
