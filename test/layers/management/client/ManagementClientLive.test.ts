import { chownSync, mkdtempSync, rmSync } from "node:fs"
import * as http from "node:http"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import { layerAs, ManagementClientLive } from "../../../../src/layers/management/client/ManagementClientLive.ts"
import { ManagementClient } from "../../../../src/services/ManagementClient.ts"
import { settings } from "../../../fakes.ts"
import { shows } from "../../../shows.ts"

const clientOf = (environment: Readonly<Record<string, string>>, layer = ManagementClientLive) =>
  Effect.map(Layer.build(Layer.provide(layer, settings(environment))), Context.get(ManagementClient))

const socketPath = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-client-`)),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => `${folder}/api.sock`
)

/** A client of a server on a unix socket that answers like this. */
const clientOfServer = Effect.fnUntraced(function* (
  listener: http.RequestListener,
  environment: Readonly<Record<string, string>> = {},
  layer = ManagementClientLive
) {
  const path = yield* socketPath
  yield* Effect.acquireRelease(
    Effect.callback<http.Server>((resume) => {
      const server = http.createServer(listener)
      server.listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return yield* clientOf({ APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: path, ...environment }, layer)
})

describe("ManagementClient", () => {
  it.live("sends the token and passes on status and body", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ADMIN_TOKEN", "control-commands")
      const client = yield* clientOfServer(
        ({ headers, method, url }, response) =>
          response.writeHead(418).end(`${method} ${url} ${headers.authorization}`),
        { APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      )
      const { body, status } = yield* client.request("POST", "/drain_listeners?graceful")
      assert.strictEqual(status, 418)
      assert.strictEqual(
        yield* Stream.mkString(Stream.decodeText(body)),
        "POST /drain_listeners?graceful Bearer s3cret"
      )
    })
  )

  it.live("sends the token to no socket of another user, and everything else to any", () =>
    Effect.gen(function* () {
      shows("token-socket-owner")
      const seen: Array<string> = []
      const path = yield* socketPath
      const server = http.createServer(({ headers, url }, response) => {
        seen.push(`${url} ${headers.authorization}`)
        response.end("{}")
      })
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(path, () => resume(Effect.void))),
        () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      // Root gives the socket away; anybody else is another user than its owner.
      const owner = process.getuid?.() === 0 ? 65_533 : (process.getuid?.() ?? 0)
      chownSync(path, owner, -1)
      const environment = { APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: path }
      const withToken = { ...environment, APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      const foreign = yield* clientOf(withToken, layerAs(owner + 1))
      assert.strictEqual(
        (yield* Effect.flip(foreign.request("POST", "/drain_listeners"))).message,
        `no agent answers on unix:${path}: the socket belongs to user ${owner}, so the token is not sent there`
      )
      assert.deepStrictEqual(seen, [])
      yield* foreign.status
      yield* (yield* clientOf(environment, layerAs(owner + 1))).request("POST", "/a")
      yield* (yield* clientOf(withToken, layerAs(owner))).request("POST", "/b")
      assert.deepStrictEqual(seen, ["/status undefined", "/a undefined", "/b Bearer s3cret"])
    })
  )

  it.live("reads the status", () =>
    Effect.gen(function* () {
      const client = yield* clientOfServer((_, response) => response.end('{"healthStatus":"HEALTHY"}'))
      assert.deepStrictEqual(yield* client.status, { healthStatus: "HEALTHY" })
    })
  )

  it.live("says why there is no agent, or no whole answer", () =>
    Effect.gen(function* () {
      shows("control-exit-codes")
      const path = yield* socketPath
      const absent = yield* clientOf({ APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: path })
      const message = `no agent answers on unix:${path}: ENOENT`
      assert.strictEqual((yield* Effect.flip(absent.status)).message, message)
      assert.strictEqual((yield* Effect.flip(absent.request("GET", "/stats/prometheus"))).message, message)
      const breaking = yield* clientOfServer((_, response) => {
        response.writeHead(200, { "content-length": 1000 })
        response.write("abc", () => response.destroy())
      })
      const { body } = yield* breaking.request("GET", "/stats/prometheus")
      const error = yield* Effect.flip(Stream.runDrain(body))
      assert.match(error.message, /: the answer broke off \(ECONNRESET\)$/)
    })
  )

  it.effect("fails with the variable to set where no API is served", () =>
    Effect.gen(function* () {
      shows("ready-not-served")
      const client = yield* clientOf({})
      for (const asked of [Effect.asVoid(client.status), Effect.asVoid(client.request("GET", "/status"))]) {
        const error = yield* Effect.flip(asked)
        assert.strictEqual(error._tag, "ManagementNotServed")
        assert.include(error.message, "APPNET_AGENT_ADMIN_MODE")
      }
    })
  )
})
