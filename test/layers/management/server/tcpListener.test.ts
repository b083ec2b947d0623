import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { listenOnTcp } from "../../../../src/layers/management/server/tcpListener.ts"
import { shows } from "../../../shows.ts"
import { bindFailure, listening } from "./binding.ts"

describe("listening on TCP", () => {
  it.effect("fails with the address and what to do if it cannot be bound", () =>
    Effect.gen(function* () {
      shows("exit-1-bind")
      const server = yield* listening({ host: "127.0.0.1", port: 0 })
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const message = yield* bindFailure(listenOnTcp("127.0.0.1", port, "THE_VARIABLE"))
      assert.include(message, `cannot serve the management API on 127.0.0.1:${port}: listen EADDRINUSE`)
      assert.include(message, "stop it, or choose another address (THE_VARIABLE)")
      assert.include(
        yield* bindFailure(listenOnTcp("192.0.2.77", port, "THE_VARIABLE")),
        "This machine has no such address"
      )
    })
  )

  it.effect("falls back from :: to 0.0.0.0 without IPv6, and from no other address", () =>
    Effect.gen(function* () {
      shows("ipv6-fallback")
      const { listen } = net.Server.prototype
      // As on a machine without IPv6.
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          Object.assign(net.Server.prototype, {
            listen(this: net.Server, options: net.ListenOptions, then?: () => void) {
              if (options.host?.includes(":") !== true) return listen.call(this, options, then)
              const error = Object.assign(new Error("listen EAFNOSUPPORT"), { code: "EAFNOSUPPORT" })
              process.nextTick(() => this.emit("error", error))
              return this
            }
          })
        ),
        () => Effect.sync(() => Object.assign(net.Server.prototype, { listen }))
      )
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(`${message}`))])
      const server = yield* Layer.build(listenOnTcp("[::]", 0, "THE_VARIABLE")).pipe(
        Effect.map(Context.get(HttpServer.HttpServer)),
        Effect.provide(logger)
      )
      assert.match(`${server.address}`, /^0\.0\.0\.0:\d+$/)
      assert.deepStrictEqual(lines, ["no IPv6 here: the management API is on 0.0.0.0:0 instead of [::]:0"])
      assert.include(yield* bindFailure(listenOnTcp("::1", 0, "THE_VARIABLE")), "EAFNOSUPPORT")
    })
  )
})
