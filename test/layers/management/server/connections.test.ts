import { createServer, type Server } from "node:http"
import type * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { watchConnections } from "../../../../src/layers/management/server/connections.ts"
import { listenOn } from "../../../../src/layers/management/server/httpListener.ts"
import { shows } from "../../../shows.ts"
import { rawClient } from "./rawClient.ts"
import { until } from "./until.ts"

/** A server that answers with method and path, `/large` with 3 MB, and `/late` once it is told to. */
const serving = Effect.gen(function* () {
  const late = yield* Deferred.make<void>()
  const seen: Array<string> = []
  const app = Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest
    seen.push(`${method} ${url}`)
    if (url === "/large") return HttpServerResponse.text("x".repeat(3_000_000))
    if (url === "/late") yield* Deferred.await(late)
    return HttpServerResponse.text(`${method} ${url}.`)
  }).pipe(Effect.interruptible)
  const context = yield* Layer.build(
    Layer.provideMerge(HttpServer.serve(app), listenOn({ host: "127.0.0.1", port: 0 }))
  )
  const { address } = yield* Effect.provideContext(HttpServer.HttpServer, context)
  const port = "port" in address ? address.port : 0
  const send = (text: string) => rawClient({ host: "127.0.0.1", port }, text)
  return { send, seen, answerLate: Deferred.succeed(late, undefined) }
})

const request = (path: string, headers = "", method = "GET") =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`

describe("a connection to the management API", () => {
  it.live("is answered without the upgrade that it asks for, and ended", () =>
    Effect.gen(function* () {
      shows("no-upgrade")
      const { seen, send } = yield* serving
      const upgrades = [
        "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n",
        "connection: upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
        "connection: Upgrade\r\nupgrade: anything\r\ncontent-length: 3\r\n"
      ]
      for (const [i, upgrade] of upgrades.entries()) {
        const body = upgrade.includes("content-length") ? "abc" : ""
        const client = yield* send(`${request(`/${i}`, upgrade)}${body}`)
        yield* Effect.promise(() => client.ended)
        assert.match(client.received(), new RegExp(`^HTTP/1\\.1 200 .*connection: close\r\n.*GET /${i}\\.$`, "is"))
      }
      assert.deepStrictEqual(seen, ["GET /0", "GET /1", "GET /2"])
    })
  )

  it.live("gets the whole answer after the client has ended its side", () =>
    Effect.gen(function* () {
      shows("half-closed")
      const { answerLate, seen, send } = yield* serving
      for (const path of ["/large", "/late"]) {
        const client = yield* send(request(path))
        client.socket.end()
        yield* until(() => seen.includes(`GET ${path}`))
        if (path === "/late") yield* answerLate
        yield* Effect.promise(() => client.ended)
        assert.match(client.received(), path === "/late" ? /GET \/late\.$/ : /\r\n\r\nx{3000000}$/)
      }
    })
  )

  it.live("has the security headers on the answers that Node gives by itself", () =>
    Effect.gen(function* () {
      shows("answer-headers", "cut-off")
      const { send } = yield* serving
      const cases = [
        ["nonsense\r\n\r\n", 400],
        ["GET / HTTP/1.1\r\n\r\n", 400],
        [`GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(100_000)}\r\n\r\n`, 431],
        ["GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400],
        ["CONNECT example.org:443 HTTP/1.1\r\nhost: a\r\n\r\n", 405],
        [request("/", "expect: a miracle\r\nconnection: close\r\n"), 200]
      ] as const
      for (const [text, status] of cases) {
        const client = yield* send(text)
        yield* Effect.promise(() => client.ended)
        const [head = "", body = ""] = client.received().toLowerCase().split("\r\n\r\n")
        assert.match(body, /^\S.+/, text.slice(0, 80))
        assert.match(head, new RegExp(`^http/1\\.1 ${status} `), text.slice(0, 80))
        for (const header of ["x-content-type-options: nosniff", "cache-control: no-store", "connection: close"]) {
          assert.include(head, header, text.slice(0, 80))
        }
      }
    })
  )

  it.live("gets every answer that is on its way before the one to what is no request", () =>
    Effect.gen(function* () {
      shows("answer-headers")
      const { answerLate, seen, send } = yield* serving
      const client = yield* send(`${request("/a")}${request("/late")}${request("/b")}nonsense\r\n\r\n`)
      yield* until(() => seen.length === 2)
      yield* answerLate
      yield* Effect.promise(() => client.ended)
      assert.match(client.received(), /200 .*GET \/a\..* 200 .*GET \/late\..* 200 .*GET \/b\.HTTP\/1\.1 400 /s)
      assert.strictEqual(client.received().split("HTTP/1.1").length, 5)
    })
  )
})

describe("requests that come in one piece", () => {
  it.live("are answered one after the other, with those of other connections in between", () =>
    Effect.gen(function* () {
      shows("pipelining")
      const { answerLate, seen, send } = yield* serving
      const many = yield* send(`${request("/late")}${request("/many").repeat(50)}`)
      yield* until(() => seen.length === 1)
      const other = yield* send(request("/other"))
      yield* until(() => other.received().endsWith("GET /other."))
      assert.deepStrictEqual(seen, ["GET /late", "GET /other"])
      yield* answerLate
      yield* until(() => many.received().split("GET /many.").length === 51)
    })
  )

  it.live("end their connection where they are too many", () =>
    Effect.gen(function* () {
      shows("pipelining")
      const { seen, send } = yield* serving
      const inOnePiece = yield* send(request("/x").repeat(1000))
      yield* Effect.promise(() => inOnePiece.ended)
      assert.deepStrictEqual(seen, [])
      const inPieces = yield* send(request("/late"))
      yield* until(() => seen.length === 1)
      for (let i = 0; i < 65 && !inPieces.socket.destroyed; i += 1) {
        inPieces.socket.write(request("/x"))
        yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
      }
      yield* Effect.promise(() => inPieces.ended)
      assert.deepStrictEqual(seen, ["GET /late"])
    })
  )
})

it.live("requests that wait on all connections together are few, and leave room for others when they are over", () =>
  Effect.gen(function* () {
    shows("pipelining")
    const { answerLate, seen, send } = yield* serving
    const many = yield* Effect.replicateEffect(send(`${request("/late")}${request("/x").repeat(50)}`), 40)
    yield* until(() => many.filter(({ socket }) => socket.readableEnded || socket.destroyed).length === 20)
    const other = yield* send(request("/other"))
    yield* until(() => other.received().endsWith("GET /other."))
    yield* answerLate
    yield* until(() => many.filter(({ received }) => received().split("GET /x.").length === 51).length === 20)
    assert.strictEqual(seen.filter((path) => path === "GET /x").length, 20 * 50)
    const again = yield* send(request("/again").repeat(50))
    yield* until(() => again.received().split("GET /again.").length === 51)
  })
)

const listening = Effect.fnUntraced(function* (server: Server) {
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return (text: string) => rawClient({ host: "127.0.0.1", port }, text)
})

describe("the connections of a server", () => {
  it.live("beyond the limit replace those that have been without a request for the longest time", () =>
    Effect.gen(function* () {
      shows("connection-limit")
      const pending: Array<() => void> = []
      const server = createServer(({ url }, response) => {
        if (url === "/held") pending.push(() => response.end("held."))
        else response.end("ok.")
      })
      watchConnections(server, 3)
      const send = yield* listening(server)
      const held = yield* send(request("/held"))
      yield* until(() => pending.length === 1)
      const silent = yield* send("GET /slow HTTP/1.1\r\nx: ")
      const idle = yield* send(request("/idle"))
      yield* until(() => idle.received().endsWith("ok."))
      const next = yield* send(request("/next"))
      yield* until(() => next.received().endsWith("ok."))
      yield* Effect.promise(() => silent.ended)
      const another = yield* send(request("/another"))
      yield* until(() => another.received().endsWith("ok."))
      yield* Effect.promise(() => idle.ended)
      for (const answer of pending) answer()
      yield* until(() => held.received().endsWith("held."))
    })
  )

  it.live("end where the client has taken nothing for 10 s, and go on where it takes something", () =>
    Effect.gen(function* () {
      shows("unread-answers", "cut-off-told")
      const server = createServer((_, response) => response.end("x".repeat(50_000_000)))
      const { endStalled } = watchConnections(server, 100)
      const sockets: Array<net.Socket> = []
      server.on("connection", (socket: net.Socket) => void sockets.push(socket))
      const send = yield* listening(server)
      const client = yield* send(request("/long?secret=1"))
      yield* until(() => client.received().length > 0)
      client.socket.pause()
      // The kernel's buffers fill up.
      let last = -1
      yield* until(() => {
        const unsent = sockets[0]?.writableLength ?? 0
        const isFull = unsent === last
        last = unsent
        return isFull
      })
      assert.deepStrictEqual(endStalled(0n), [])
      assert.deepStrictEqual(endStalled(9_000_000_000n), [])
      assert.isFalse(sockets[0]?.destroyed)
      const before = client.received().length
      client.socket.resume()
      yield* until(() => client.received().length > before + 1_000_000)
      client.socket.pause()
      yield* Effect.promise(() => new Promise((done) => setTimeout(done, 200)))
      endStalled(11_000_000_000n)
      assert.isFalse(sockets[0]?.destroyed)
      endStalled(20_000_000_000n)
      assert.isFalse(sockets[0]?.destroyed)
      const [cutOff, ...others] = endStalled(21_000_000_000n)
      assert.isTrue(sockets[0]?.destroyed)
      assert.deepStrictEqual(others, [])
      const { sent = 0, ...told } = cutOff ?? {}
      assert.deepStrictEqual(told, { address: "127.0.0.1", path: "/long", seconds: 10 })
      // What the kernel took: more than the client has read, and not what waits in Node.
      assert.isAtLeast(sent, client.received().length)
      assert.isBelow(sent, 50_000_000)
      assert.deepStrictEqual(endStalled(99_000_000_000n), [])
    })
  )
})
