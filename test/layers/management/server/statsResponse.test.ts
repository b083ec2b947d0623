import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AdminClient } from "../../../../src/services/AdminClient.ts"
import { maxStatsAnswers } from "../../../../src/services/StatsSlots.ts"
import { shows } from "../../../shows.ts"
import { rawClient } from "./rawClient.ts"
import { serving, servingScrapes } from "./serving.ts"
import { until } from "./until.ts"

/** An admin whose stats never end, and how many of its answers are open. */
const endlessAdmin = () => {
  const part = new TextEncoder().encode("a 1\n".repeat(16_000))
  const pause = Effect.promise(() => new Promise((done) => setTimeout(done, 1)))
  const count = { open: 0, asked: 0 }
  const layer = Layer.mock(AdminClient, {
    prometheus: () =>
      Effect.acquireRelease(
        Effect.sync(() => {
          count.open += 1
          count.asked += 1
          return Stream.forever(Stream.mapEffect(Stream.succeed(part), (bytes) => Effect.as(pause, bytes)))
        }),
        () =>
          Effect.sync(() => {
            count.open -= 1
          })
      )
  })
  return { count, layer }
}

const request = "GET /stats/prometheus HTTP/1.1\r\nhost: localhost\r\n\r\n"

describe("stats answers", () => {
  it.effect("are at most four at a time, and a refused one costs Envoy nothing", () =>
    Effect.gen(function* () {
      shows("stats-slots")
      const { count, layer } = endlessAdmin()
      const api = yield* serving({ adminLayer: layer })
      const port = yield* api.listen
      const send = rawClient({ host: "127.0.0.1", port }, request)
      const readers = yield* Effect.replicateEffect(send, maxStatsAnswers)
      yield* until(() => readers.every(({ received }) => received().length > 1_000_000))
      for (const path of ["/stats/prometheus", "/stats/prometheus?usedonly&filter=metrics_extension&delta"]) {
        const refused = yield* api(path)
        assert.deepStrictEqual(
          [refused.status, refused.headers.get("retry-after"), refused.body],
          [503, "1", "4 stats answers are under way: ask again in 1 s\n"]
        )
      }
      assert.deepStrictEqual(count, { open: 4, asked: 4 })
      readers[0]?.socket.destroy()
      yield* until(() => count.open === 3)
      const next = yield* send
      yield* until(() => next.received().startsWith("HTTP/1.1 200"))
    })
  )

  it.effect("free their place also where they fail, or are only asked for by HEAD", () =>
    Effect.gen(function* () {
      shows("stats-slots")
      const api = yield* serving({ admin: { exposition: undefined } })
      for (let i = 0; i < 10; i += 1) assert.strictEqual((yield* api("/stats/prometheus")).status, 502)
      api.admin.script.exposition = ["a 1\n"]
      yield* TestClock.adjust("5 seconds")
      for (let i = 0; i < 5; i += 1) {
        assert.strictEqual((yield* api("/stats/prometheus", { method: "HEAD" })).status, 200)
        assert.strictEqual((yield* api("/stats/prometheus?usedonly&delta")).status, 400)
      }
      assert.strictEqual((yield* api("/stats/prometheus")).body, "a 1\n")
    })
  )

  it.effect("are cut off after a minute, however fast they are read", () =>
    Effect.gen(function* () {
      shows("stats-slots")
      const lines: Array<string> = []
      const log = Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
      const { count, layer } = endlessAdmin()
      const client = yield* Effect.gen(function* () {
        const api = yield* serving({ adminLayer: Layer.merge(layer, log) })
        const port = yield* api.listen
        const client = yield* rawClient({ host: "127.0.0.1", port }, request)
        yield* until(() => client.received().length > 1_000_000)
        for (let second = 1; second < 60; second += 1) {
          yield* TestClock.adjust("1 second")
          const before = client.received().length
          yield* until(() => client.received().length > before)
        }
        assert.strictEqual(count.open, 1)
        yield* TestClock.adjust("1 second")
        return client
      }).pipe(Effect.provide(log))
      yield* Effect.promise(() => client.ended)
      yield* until(() => count.open === 0)
      assert.notMatch(client.received().slice(-10), /\r\n0\r\n\r\n$/)
      assert.lengthOf(lines, 1)
      assert.match(
        `${lines[0]}`,
        /^Warn 127\.0\.0\.1 is cut off: it has not taken the whole answer to \/stats\/prometheus in 1 minute, after [1-9]\d{6,} bytes$/
      )
    })
  )

  it.effect("are cut off after 10 s in which the reader has taken nothing", () =>
    Effect.gen(function* () {
      shows("unread-answers", "cut-off-told")
      const lines: Array<string> = []
      const { count, layer } = endlessAdmin()
      const api = yield* serving({ adminLayer: layer })
      const port = yield* Effect.provide(
        api.listen,
        Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
      )
      const client = yield* rawClient({ host: "127.0.0.1", port }, request)
      yield* until(() => client.received().length > 0)
      client.socket.pause()
      // The kernel takes some megabytes more.
      yield* Effect.promise(() => new Promise((done) => setTimeout(done, 300)))
      for (let second = 0; second < 12 && count.open === 1; second += 1) yield* TestClock.adjust("1 second")
      yield* until(() => count.open === 0)
      assert.lengthOf(lines, 1)
      assert.match(
        `${lines[0]}`,
        /^Warn 127\.0\.0\.1 is cut off: it took nothing of the answer to \/stats\/prometheus for 1\d s, after [1-9]\d{4,} bytes$/
      )
    })
  )
})

it.effect("the addresses of the management API and for scrapers share the places for stats answers", () =>
  Effect.gen(function* () {
    shows("stats-slots")
    const { layer } = endlessAdmin()
    const api = yield* serving({ adminLayer: layer })
    const scrapes = yield* servingScrapes({ adminLayer: layer, context: api.context })
    const ports = [yield* api.listen, yield* scrapes.listen]
    const readers = yield* Effect.forEach(
      ports.flatMap((port) => [port, port]),
      (port) => rawClient({ host: "127.0.0.1", port }, request)
    )
    yield* until(() => readers.every(({ received }) => received().length > 0))
    assert.strictEqual((yield* api("/stats/prometheus")).status, 503)
    assert.strictEqual((yield* scrapes("/stats/prometheus", { headers: { host: "localhost" } })).status, 503)
  })
)
