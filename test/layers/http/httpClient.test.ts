import { once } from "node:events"
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { httpClientLive } from "../../../src/layers/http/httpClient.ts"
import { wholeText } from "../../../src/layers/http/wholeBody.ts"
import { shows } from "../../shows.ts"

/** A server on loopback that the end of the scope closes; succeeds with its origin. */
const serverThat = (listener: http.RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const server = http.createServer(listener).listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
    }
  )

const exchange = (request: HttpClientRequest.HttpClientRequest) =>
  HttpClient.execute(request).pipe(Effect.flatMap(wholeText), Effect.result, Effect.provide(httpClientLive()))

const failureOf = <A, E extends { readonly _tag: string }>(result: Result.Result<A, E>) =>
  Result.isFailure(result) ? result.failure._tag : "success"

describe("the HTTP client", () => {
  it.live("fails with an error of its own, and never throws, where Node refuses a request", () =>
    Effect.gen(function* () {
      const origin = yield* serverThat((_, response) => response.end("never asked"))
      for (const url of ["ftp://127.0.0.1/", "file:///etc/passwd", "http://[::bad", "x"]) {
        assert.strictEqual(failureOf(yield* exchange(HttpClientRequest.get(url))), "HttpClientError", url)
      }
      const header = HttpClientRequest.get(origin, { headers: { "x-token": "two\nlines" } })
      assert.strictEqual(failureOf(yield* exchange(header)), "HttpClientError")
    })
  )

  it.live("reads an answer of 4 MB whole, and refuses a longer one before it has come to its end", () =>
    Effect.gen(function* () {
      shows("foreign-size")
      const sent = { parts: 0 }
      const megabyte = "x".repeat(1024 * 1024)
      const origin = yield* serverThat(async (request, response) => {
        const endless = request.url === "/endless"
        for (let i = 0; (endless || i < 4) && !response.closed; i += 1) {
          sent.parts += 1
          if (!response.write(megabyte)) await Promise.race([once(response, "drain"), once(response, "close")])
        }
        response.end()
      })
      const whole = yield* exchange(HttpClientRequest.get(`${origin}/whole`))
      assert.strictEqual(Result.isSuccess(whole) ? whole.success.length : 0, 4 * 1024 * 1024)
      sent.parts = 0
      assert.strictEqual(failureOf(yield* exchange(HttpClientRequest.get(`${origin}/endless`))), "BodyTooLong")
      assert.isBelow(sent.parts, 100)
    })
  )

  it.live("keeps a character whole that comes in two parts", () =>
    Effect.gen(function* () {
      const [first = 0, ...rest] = Buffer.from("é")
      const origin = yield* serverThat((_, response) => {
        response.write(Buffer.from([first]))
        setTimeout(() => response.end(Buffer.from(rest)), 20)
      })
      assert.deepStrictEqual(yield* exchange(HttpClientRequest.get(origin)), Result.succeed("é"))
    })
  )
})
