import http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { ExpositionSourceLive } from "../../../src/layers/admin/ExpositionSourceLive.ts"
import { Bootstrap } from "../../../src/services/Bootstrap.ts"
import { ExpositionSource } from "../../../src/services/ExpositionSource.ts"

/** An admin on loopback that answers each path with its letter, so many times. */
const admin = Effect.acquireRelease(
  Effect.callback<http.Server>((resume) => {
    const server = http.createServer(({ url = "" }, response) => {
      const [, letter = "", count = "0"] = url.split("/")
      response.end(letter.repeat(Number(count)))
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
)

const source = Effect.gen(function* () {
  const address = (yield* admin).address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const bootstrap = Bootstrap.of({
    document: { _tag: "Generated", value: {}, sources: [], sideFiles: [] },
    admin: { _tag: "Tcp", host: "127.0.0.1", port },
    usesAds: true,
    localRelay: undefined,
    managementServer: undefined,
    warnings: []
  })
  const layer = Layer.provide(ExpositionSourceLive, Layer.succeed(Bootstrap, bootstrap))
  const context = yield* Layer.build(layer)
  const { open } = yield* Effect.provideContext(ExpositionSource, context)
  /** The parts as they came, not copied, after the connection is closed. */
  const partsOf = (path: string) => Effect.scoped(Effect.flatMap(open(path), ({ body }) => Stream.runCollect(body)))
  return { open, partsOf }
})

describe("ExpositionSource", () => {
  it.live("leaves the parts of an answer alone that is over, whatever is read after it", () =>
    Effect.gen(function* () {
      const { partsOf } = yield* source
      const parts = yield* partsOf("/a/300000")
      yield* partsOf("/b/3000000")
      assert.strictEqual(Buffer.concat(parts).toString(), "a".repeat(300_000))
    })
  )

  it.live("reads an answer of any length whole", () =>
    Effect.gen(function* () {
      const { open } = yield* source
      const size = yield* Effect.scoped(
        Effect.flatMap(open("/c/5000000"), ({ body, status }) => {
          assert.strictEqual(status, 200)
          return Stream.runFold(
            body,
            () => 0,
            (sum, part) => sum + part.filter((byte) => byte === 99).length
          )
        })
      )
      assert.strictEqual(size, 5_000_000)
    })
  )
})
