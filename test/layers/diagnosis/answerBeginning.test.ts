import { once } from "node:events"
import * as http from "node:http"
import * as http2 from "node:http2"
import * as net from "node:net"
import * as tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { openAdsStream } from "../../../src/layers/diagnosis/adsStream.ts"
import { connectTcp } from "../../../src/layers/diagnosis/connect.ts"
import { describeConnectError } from "../../../src/layers/diagnosis/connectionCause.ts"
import { connectTls, explainClosed } from "../../../src/layers/diagnosis/tls.ts"
import { shows } from "../../shows.ts"
import { localRelay, relaySocket, server, signedServer } from "./servers.ts"

const identity = { userAgent: "appnet-agent/1.2.3", nodeId: undefined }

/** The port of a server that lives as long as the test. */
const portOf = Effect.fnUntraced(function* (made: net.Server) {
  const sockets = new Set<net.Socket>()
  made.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => once(made.listen(0, "127.0.0.1"), "listening")),
    () =>
      Effect.sync(() => {
        made.close()
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = made.address()
  return typeof address === "object" && address !== null ? address.port : 0
})

/** A server that greets with these bytes, and closes the connection where `ends`. */
const greeting = (bytes: string, ends = false) =>
  net.createServer((socket) => {
    socket.write(Buffer.from(bytes, "latin1"))
    if (ends) socket.end()
  })

const plain = { ...server, tls: undefined, host: "xds", port: 1 }

/** What is said of a server at a plain address. */
const plainCause = Effect.fnUntraced(function* (made: net.Server, timeout = 5000) {
  const port = yield* portOf(made)
  const connection = yield* connectTcp("127.0.0.1", port)
  const error = yield* Effect.flip(openAdsStream(connection, "localhost", undefined, identity, timeout))
  return describeConnectError(plain, yield* explainClosed({ ...plain, host: "127.0.0.1", port }, error))
}, Effect.scoped)

describe("a server that is no gRPC server", () => {
  const says = (words: string) =>
    `management server xds:1: it answers, but not as a gRPC server: it sent "${words}": check the port in APPMESH_XDS_ENDPOINT`

  it.live("is told by the first line that it sent", () =>
    Effect.gen(function* () {
      shows("other-protocol")
      assert.strictEqual(yield* plainCause(http.createServer()), says("HTTP/1.1 400 Bad Request"))
      assert.strictEqual(yield* plainCause(greeting("SSH-2.0-OpenSSH_9.6\r\n")), says("SSH-2.0-OpenSSH_9.6"))
      assert.strictEqual(yield* plainCause(greeting("220 mail\r\n", true)), says("220 mail"))
      // Too little for HTTP/2 to refuse.
      assert.strictEqual(yield* plainCause(greeting("hi"), 300), says("hi"))
    })
  )

  it.live("is told in one short line, whatever it sends", () =>
    Effect.gen(function* () {
      shows("other-protocol", "foreign-text")
      assert.strictEqual(
        yield* plainCause(greeting("\n\r\u001b[31mred\u00e4\u0000\nmore")),
        says("\\x1b[31mred\\xe4\\x00")
      )
      assert.strictEqual(yield* plainCause(greeting("\n".repeat(20))), says("\\x0a".repeat(20)))
      assert.isBelow((yield* plainCause(greeting("x".repeat(5_000_000)))).length, 220)
    })
  )

  it.live("is told apart where it speaks TLS", () =>
    Effect.gen(function* () {
      shows("other-protocol")
      const cause =
        "management server xds:1: it speaks TLS there: set APPNET_XDS_MODE=tls, or check the port in APPMESH_XDS_ENDPOINT"
      assert.strictEqual(yield* plainCause(greeting("\u0015\u0003\u0001\u0000\u0002\u0002\u0046", true)), cause)
      // Closes without a word.
      assert.strictEqual(yield* plainCause(tls.createServer()), cause)
      const silent = net.createServer((socket) => socket.end())
      assert.match(yield* plainCause(silent), /it closes the connection without an answer/)
      const error = { code: "SPEAKS_TLS", message: "it speaks TLS there" }
      for (const other of [localRelay, relaySocket, signedServer]) {
        assert.notInclude(describeConnectError(other, error), "APPNET_XDS_MODE")
      }
    })
  )

  it.live("is told where TLS is expected of it", () =>
    Effect.gen(function* () {
      shows("other-protocol")
      const files = { ...server.tls, caBundle: "package.json" }
      const servers = [
        http.createServer(),
        http2.createServer(),
        greeting("SSH-2.0-OpenSSH_9.6\r\n"),
        greeting("220 m\r\n")
      ]
      for (const made of servers) {
        const port = yield* portOf(made)
        const error = yield* Effect.flip(Effect.scoped(connectTls("127.0.0.1", port, files)))
        assert.match(describeConnectError(server, error), /it does not speak TLS there/, error.code)
      }
    })
  )

  it.live("is not looked for with a certificate that is none, which is an error of its own", () =>
    Effect.gen(function* () {
      const port = yield* portOf(http2.createServer())
      const files = { ...server.tls, caBundle: "package.json", certificate: "package.json", key: "package.json" }
      const error = yield* Effect.flip(Effect.scoped(connectTls("127.0.0.1", port, files)))
      assert.strictEqual(
        describeConnectError({ ...server, tls: files }, error),
        "management server [::1]:443: the client certificate package.json cannot be used with its key package.json: check APPNET_XDS_CLIENT_CERT_FILE and APPNET_XDS_CLIENT_KEY_FILE (ERR_OSSL_PEM_NO_START_LINE)"
      )
    })
  )

  it.live("is not said of a gRPC server that waits for a request", () =>
    Effect.gen(function* () {
      const made = http2.createServer()
      made.on("stream", (stream) => stream.respond({ "content-type": "application/grpc" }))
      const connection = yield* connectTcp("127.0.0.1", yield* portOf(made))
      const end = yield* openAdsStream(connection, "localhost", undefined, identity, 500)
      assert.deepStrictEqual(end, Option.none())
    })
  )
})
