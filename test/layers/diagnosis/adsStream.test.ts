import { once } from "node:events"
import * as http2 from "node:http2"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { openAdsStream } from "../../../src/layers/diagnosis/adsStream.ts"
import { connectTcp } from "../../../src/layers/diagnosis/connect.ts"
import { shows } from "../../shows.ts"

const identity = { userAgent: "appnet-agent/1.2.3", nodeId: "mesh/demo/virtualNode/front" }

/** Opens a stream at a server that treats it like this; succeeds with how the server ended it. */
const endOf = Effect.fnUntraced(function* (
  answer: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  timeout: number,
  of = identity
) {
  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const created = http2.createServer().listen(0, "127.0.0.1")
      await once(created, "listening")
      return created
    }),
    (created) => Effect.sync(() => created.close())
  )
  server.on("stream", answer)
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const connection = yield* connectTcp("127.0.0.1", port)
  return yield* openAdsStream(connection, "localhost", undefined, of, timeout)
})

const refusing =
  (message: string) =>
  (stream: http2.ServerHttp2Stream): void =>
    stream.respond(
      { "content-type": "application/grpc", "grpc-status": "7", "grpc-message": message },
      { endStream: true }
    )

describe("the agent's own stream", () => {
  it.live("names the agent and the node, and sends no request that a control plane could take for the node's", () =>
    Effect.gen(function* () {
      shows("diagnosis-stream")
      const seen: { headers: http2.IncomingHttpHeaders; bytes: number } = { headers: {}, bytes: 0 }
      const end = yield* endOf((stream, headers) => {
        seen.headers = headers
        stream.on("data", (part) => {
          seen.bytes += part.length
        })
        stream.respond({ "content-type": "application/grpc" })
      }, 500)
      assert.deepStrictEqual(end, Option.none())
      assert.deepInclude(seen.headers, {
        "user-agent": "appnet-agent/1.2.3",
        "appnet-agent-node-id": "mesh/demo/virtualNode/front"
      })
      assert.strictEqual(seen.bytes, 0)
    })
  )

  it.live("leaves out a node that no header can hold", () =>
    Effect.gen(function* () {
      const seen: { headers: http2.IncomingHttpHeaders } = { headers: {} }
      const answer = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
        seen.headers = headers
        refusing("no")(stream)
      }
      yield* endOf(answer, 5000, { ...identity, nodeId: "two\nlines" })
      assert.notProperty(seen.headers, "appnet-agent-node-id")
      assert.propertyVal(seen.headers, "user-agent", "appnet-agent/1.2.3")
    })
  )

  it.live("is refused in words that are one short line, whatever the server sends", () =>
    Effect.gen(function* () {
      shows("foreign-text")
      const words = Option.getOrThrow(yield* endOf(refusing(encodeURIComponent("\u001b[31mno\r\nway")), 5000))
      assert.deepStrictEqual(words, { httpStatus: 200, grpcStatus: "7", message: "\\u001b[31mno\\r\\nway" })
      const many = yield* endOf(refusing("%1B".repeat(10_000)), 5000)
      assert.isAtMost(Option.getOrThrow(many).message.length, 500)
      const page = yield* endOf((stream) => {
        stream.respond({ ":status": 502 })
        stream.end(`<html>\n  <b>\u0007no</b>\n${"x".repeat(120_000)}`)
      }, 5000)
      const { message } = Option.getOrThrow(page)
      assert.isTrue(message.startsWith("<html> <b>\\u0007no</b> xxx"))
      assert.isAtMost(message.length, 500)
    })
  )

  it.live("is no stream where the server closes the connection without an answer", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(endOf((stream) => stream.session?.destroy(), 5000))
      assert.isTrue(Result.isFailure(result) && ["CLOSED", "ECONNRESET"].includes(result.failure.code))
    })
  )
})
