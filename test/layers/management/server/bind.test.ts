import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import net from "node:net"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Result } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { bindTcp, bindUnix } from "../../../../src/layers/management/server/bind.ts"
import type { ManagementBindFailed } from "../../../../src/services/ManagementServer.ts"
import { shows } from "../../../shows.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-bind-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const listening = (options: net.ListenOptions) =>
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer()
      server.listen(options, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

const failure = (layer: Layer.Layer<HttpServer.HttpServer, ManagementBindFailed>) =>
  Effect.map(Effect.result(Effect.scoped(Layer.build(layer))), (result) =>
    Result.isFailure(result) ? result.failure.message : "bound"
  )

describe("binding the management API", () => {
  it.effect("names a TCP address that is taken, and what to do", () =>
    Effect.gen(function* () {
      shows("exit-1-bind")
      const server = yield* listening({ host: "127.0.0.1", port: 0 })
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const message = yield* failure(bindTcp("127.0.0.1", port, "THE_VARIABLE"))
      assert.include(message, `cannot serve the management API on 127.0.0.1:${port}: listen EADDRINUSE`)
      assert.include(message, "stop it, or choose another address (THE_VARIABLE)")
      assert.include(yield* failure(bindTcp("192.0.2.77", port, "THE_VARIABLE")), "This machine has no such address")
    })
  )

  it.effect("makes a unix socket that only its owner may use, and removes it", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const path = `${yield* folder}/api.sock`
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(bindUnix(path))
          assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        })
      )
      assert.isFalse(existsSync(path))
    })
  )

  it.effect("replaces a socket that nobody listens on", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const path = `${yield* folder}/api.sock`
      // A process that is killed leaves its socket behind.
      const { execFileSync } = yield* Effect.promise(() => import("node:child_process"))
      const leave = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`
      yield* Effect.exit(Effect.try(() => execFileSync(process.execPath, ["-e", leave], { stdio: "ignore" })))
      assert.isTrue(existsSync(path))
      assert.strictEqual(yield* failure(bindUnix(path)), "bound")
    })
  )

  it.effect("refuses a live socket, another kind of file, a missing folder", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const place = yield* folder
      yield* listening({ path: `${place}/live.sock` })
      assert.include(yield* failure(bindUnix(`${place}/live.sock`)), "a live socket")
      assert.isTrue(existsSync(`${place}/live.sock`))
      writeFileSync(`${place}/file`, "precious")
      assert.include(yield* failure(bindUnix(`${place}/file`)), "a file that is no socket")
      assert.strictEqual(statSync(`${place}/file`).size, 8)
      assert.include(yield* failure(bindUnix(`${place}/missing/api.sock`)), "(APPNET_AGENT_ADMIN_UDS_PATH)")
    })
  )

  it.effect("falls back to 0.0.0.0 where there is no IPv6, and nowhere else", () =>
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
      const heard = Logger.layer([Logger.make(({ message }) => void lines.push(`${message}`))])
      const server = yield* Layer.build(bindTcp("[::]", 0, "THE_VARIABLE")).pipe(
        Effect.map(Context.get(HttpServer.HttpServer)),
        Effect.provide(heard)
      )
      assert.match(`${server.address}`, /^0\.0\.0\.0:\d+$/)
      assert.deepStrictEqual(lines, ["no IPv6 here: the management API is on 0.0.0.0:0 instead of [::]:0"])
      assert.include(yield* failure(bindTcp("::1", 0, "THE_VARIABLE")), "EAFNOSUPPORT")
    })
  )
})
