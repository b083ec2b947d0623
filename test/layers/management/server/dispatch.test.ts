import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Logger, References, Schema } from "effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import { type Handler, makeDispatcher, textResponse } from "../../../../src/layers/management/server/dispatch.ts"
import { answersOf, type RouteName, routeNames, routeTable } from "../../../../src/services/ManagementApi.ts"
import { settings } from "../../../fakes.ts"
import { shows } from "../../../shows.ts"
import { serving, servingScrapes } from "./serving.ts"

/** A query that each route accepts. */
const acceptedQuery: { readonly [Name in RouteName]: string } = {
  status: "",
  ready: "",
  live: "",
  drainListeners: "?graceful",
  enableLogging: "?level=debug",
  prometheus: "?usedonly",
  openapi: ""
}

const withParameter = (query: string, parameter: string) => `${query === "" ? "?" : `${query}&`}${parameter}`

const statusesOf = (name: RouteName) => answersOf(routeTable[name]).map(({ status }) => status)

const swapCase = (text: string) =>
  text.replace(/[a-z]/gi, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))

/** Other ways to write a path, none of which is the path. */
const variantsOf = (path: string) => [
  swapCase(path),
  path.toUpperCase(),
  `${path}/`,
  `/${path}`,
  path.replace(/\/(?=[^/]*$)/, "//"),
  `${path};x`,
  `${path}%20`,
  ...[...path.slice(1)].flatMap((letter, i) => {
    const code = letter.charCodeAt(0).toString(16)
    const encoded = (digits: string) => `${path.slice(0, i + 1)}%${digits}${path.slice(i + 2)}`
    return [encoded(code), encoded(code.toUpperCase())]
  })
]

const described = Effect.map(
  Effect.flatMap(serving(), (api) => api("/openapi.json")),
  ({ body }) => JSON.parse(body).paths
)

describe.each(routeNames)("the route %s", (name) => {
  const route = routeTable[name]
  const { method, path } = route
  const accepted = `${path}${acceptedQuery[name]}`

  it.effect("answers a request that is right", () =>
    Effect.gen(function* () {
      const api = yield* serving()
      const { status } = yield* api(accepted, { method })
      assert.isBelow(status, 400)
      assert.include(statusesOf(name), status)
    })
  )

  it.effect("is described with its parameters and answers", () =>
    Effect.gen(function* () {
      shows("openapi")
      const operation = (yield* described)[path][method.toLowerCase()]
      assert.strictEqual(operation.summary, route.summary)
      assert.deepStrictEqual(operation.tags, [route.group])
      const { schema } = Schema.toJsonSchemaDocument(Schema.toEncoded(route.query))
      const parameters: ReadonlyArray<{ name: string; required: boolean }> = operation.parameters
      assert.deepStrictEqual(
        parameters.map((parameter) => [parameter.name, parameter.required]),
        Object.keys(schema.properties ?? {}).map((parameter) => [
          parameter,
          Array.isArray(schema.required) && schema.required.includes(parameter)
        ])
      )
      const answers: Record<string, { description: string }> = operation.responses
      assert.deepStrictEqual(
        Object.entries(answers).map(([status, { description }]) => [Number(status), description]),
        answersOf(route).map(({ description, status }) => [status, description])
      )
    })
  )

  it.effect("answers any other method with 405 and what is allowed", () =>
    Effect.gen(function* () {
      shows("wrong-method")
      const api = yield* serving()
      for (const other of ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        if (other === method || (other === "HEAD" && method === "GET")) continue
        const { headers, status } = yield* api(accepted, { method: other })
        assert.deepStrictEqual(
          [other, status, headers.get("allow")],
          [other, 405, method === "GET" ? "GET, HEAD" : "POST"]
        )
      }
      assert.strictEqual((yield* api(accepted, { method: "HEAD" })).status !== 405, method === "GET")
    })
  )

  it.effect("refuses an unknown parameter, a repeated one and a body", () =>
    Effect.gen(function* () {
      shows("stats-bad-query", "no-body")
      const api = yield* serving()
      for (const parameter of [
        "unknown",
        "unknown=1",
        "usedOnly",
        "LEVEL=debug",
        "%00=%00",
        "=",
        "=1",
        "graceful;usedonly",
        // The names of parameters, with an encoded letter.
        "%67raceful",
        "u+sedonly",
        "%75sedonly",
        "%6Cevel=info"
      ].filter(
        (encoded) => decodeURIComponent(encoded.split("=", 1)[0] ?? "") !== acceptedQuery[name].slice(1).split("=")[0]
      )) {
        const { body, status } = yield* api(`${path}${withParameter(acceptedQuery[name], parameter)}`, { method })
        assert.deepStrictEqual([status, body], [400, `expected ${route.expectedQuery}\n`], parameter)
      }
      const secondMark = yield* api(`${path}?${acceptedQuery[name] || "?"}`, { method })
      assert.deepStrictEqual([secondMark.status, secondMark.body], [400, `expected ${route.expectedQuery}\n`])
      for (const twice of [
        "usedonly&usedonly",
        "usedonly&%75sedonly",
        "level=info&level=info",
        "graceful&graceful=true"
      ]) {
        assert.strictEqual((yield* api(`${path}?${twice}`, { method })).status, 400, twice)
      }
      const repeated = yield* api(`${path}${withParameter(acceptedQuery[name], "%1b[m&%1b[m")}`, { method })
      assert.deepStrictEqual(
        [repeated.status, repeated.body],
        [400, `%1B%5Bm is given twice: expected ${route.expectedQuery}\n`]
      )
      const body = yield* api(accepted, { method, headers: { "content-length": "2" } })
      assert.deepStrictEqual([body.status, body.body], [400, `${path} takes no body\n`])
    })
  )

  it.effect("is found at its own path alone, letter by letter", () =>
    Effect.gen(function* () {
      shows("unknown-path")
      const api = yield* serving()
      for (const variant of variantsOf(path)) {
        assert.strictEqual((yield* api(`${variant}${acceptedQuery[name]}`, { method })).status, 404, variant)
      }
    })
  )

  it.effect("is limited, protected and dependent on Envoy as the table says", () =>
    Effect.gen(function* () {
      shows("rate-limit", "token", "host-and-origin", "bad-gateway")
      const overTcp = yield* serving({
        environment: { APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_ADMIN_TOKEN: "s3cret" },
        admin: { state: undefined, drainFails: true, exposition: undefined }
      })
      const ask = (headers: Readonly<Record<string, string>>) =>
        Effect.map(overTcp(accepted, { method, headers }), ({ status }) => status)
      const authorization = "Bearer s3cret"
      assert.strictEqual((yield* ask({ host: "localhost" })) === 401, route.needsPermission)
      assert.strictEqual((yield* ask({ host: "elsewhere.example", authorization })) === 403, route.checksHost)
      assert.strictEqual((yield* ask({ host: "localhost", authorization })) === 502, route.asksEnvoy)
      const statuses = new Set(yield* Effect.replicateEffect(ask({ host: "localhost", authorization }), 25))
      assert.strictEqual(statuses.has(429), route.isRateLimited)
      for (const status of statuses) assert.include(statusesOf(name), status)
    })
  )

  it("is listed in docs/management-api.md", () => {
    const document = readFileSync(new URL("../../../../docs/management-api.md", import.meta.url), "utf8")
    assert.match(document, new RegExp(`^\\| \`${method} ${path.replace(".", "\\.")}[\`[?]`, "m"))
  })

  it.effect("is served to scrapers if the table says so", () =>
    Effect.gen(function* () {
      shows("scrape-only")
      const api = yield* servingScrapes()
      const { status } = yield* api(accepted, { method, headers: { host: "127.0.0.1:9903" } })
      assert.strictEqual(status, route.isScrapable ? 200 : 404)
    })
  )
})

it.effect("the description has the table's routes and no others", () =>
  Effect.gen(function* () {
    shows("openapi")
    const operations = Object.entries<Record<string, unknown>>(yield* described).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )
    const served = routeNames.map((name) => `${routeTable[name].method} ${routeTable[name].path}`)
    assert.deepStrictEqual(operations.toSorted(), served.toSorted())
  })
)

/** A dispatcher whose handlers all do this. */
const dispatching = (
  handle: Handler<unknown, never>,
  environment: Readonly<Record<string, string>> = { APPNET_AGENT_ADMIN_MODE: "uds" }
) =>
  makeDispatcher(
    {
      status: handle,
      ready: handle,
      live: handle,
      drainListeners: handle,
      enableLogging: handle,
      prometheus: handle,
      openapi: handle
    },
    routeNames,
    environment.APPNET_AGENT_ADMIN_MODE === "tcp"
  ).pipe(Effect.provide(settings(environment)))

describe("the dispatcher", () => {
  it.effect("adds the security headers to every answer", () =>
    Effect.gen(function* () {
      shows("answer-headers")
      const broken = HttpEffect.toWebHandler(
        Effect.provide(yield* dispatching(() => Effect.die("broken")), Logger.layer([]))
      )
      const failed = yield* Effect.promise(() => broken(new Request("http://agent/live")))
      assert.strictEqual(failed.status, 500)
      const api = yield* serving()
      const answers = [
        yield* api("/status"),
        yield* api("/stats/prometheus"),
        yield* api("/nothing"),
        yield* api("/status", { method: "PUT" }),
        yield* api("/status?x"),
        yield* api.post("/enableLogging?level=info"),
        failed
      ]
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [200, 200, 404, 405, 400, 304, 500]
      )
      for (const { headers, status } of answers) {
        assert.strictEqual(headers.get("x-content-type-options"), "nosniff", `${status}`)
        assert.strictEqual(headers.get("cache-control"), "no-store", `${status}`)
      }
    })
  )

  it.effect("logs why a handler failed and, at debug level, why a request was refused", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.layer([
        Logger.make(({ cause, logLevel, message }) => {
          const details = cause.reasons.map((reason) => ("defect" in reason ? reason.defect : reason._tag))
          lines.push([logLevel, message, ...details].join(" "))
        })
      ])
      const ask = (dispatcher: Effect.Success<ReturnType<typeof dispatching>>, path: string) =>
        Effect.exit(
          Effect.provideService(
            dispatcher,
            HttpServerRequest.HttpServerRequest,
            HttpServerRequest.fromWeb(new Request(`http://agent${path}`, { method: "GET" }))
          )
        ).pipe(Effect.provide(logger), Effect.provideService(References.MinimumLogLevel, "Debug"))
      yield* ask(yield* dispatching(() => Effect.die("broken")), "/live")
      const working = yield* dispatching(() => Effect.succeed(textResponse(200, "OK")))
      yield* ask(working, "/live?x")
      yield* ask(working, "/live")
      assert.deepStrictEqual(lines, [
        "Error /live failed: broken",
        "Debug GET /live is answered with 400: expected no parameters"
      ])
    })
  )

  it.effect("accepts the absolute form of a request's target", () =>
    Effect.gen(function* () {
      const dispatcher = yield* dispatching(() => Effect.succeed(textResponse(200, "OK")))
      const ask = (url: string) =>
        Effect.provideService(
          dispatcher,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(new Request("http://agent/")).modify({ url })
        )
      assert.strictEqual((yield* ask("http://127.0.0.1:9902/live")).status, 200)
      assert.strictEqual((yield* ask("http://127.0.0.1:9902/live?x")).status, 400)
      for (const url of [
        "http://127.0.0.1:9902",
        "*",
        "",
        "live",
        "http:///live",
        "http:///http://a/live",
        "http://a/b/../live",
        "http://a/./live",
        "http://a\\live",
        "/live#fragment",
        "\u{9b}31m"
      ]) {
        assert.strictEqual((yield* ask(url)).status, 404, url)
      }
    })
  )

  it.effect("counts requests that are refused for who sends them apart from all others", () =>
    Effect.gen(function* () {
      shows("refusal-limit")
      const environment = { APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      const dispatcher = yield* dispatching(() => Effect.succeed(textResponse(200, "OK")), environment)
      const ask = (path: string, method: string, headers: Readonly<Record<string, string>>) =>
        Effect.provideService(
          dispatcher,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(new Request(`http://agent${path}`, { method, headers }))
        )
      const own = { host: "localhost", authorization: "Bearer s3cret" }
      const others = [
        { host: "localhost", authorization: "Bearer wrong" },
        { host: "localhost", authorization: "Bearer wrong", "content-length": "7" },
        { host: "evil.example", authorization: "Bearer s3cret" }
      ]
      for (const name of routeNames) {
        const { checksHost, method, needsPermission, path } = routeTable[name]
        const refused = others.filter(({ host }) => (host === "localhost" ? needsPermission : checksHost))
        if (refused.length === 0) continue
        const statuses: Array<number> = []
        for (let i = 0; i < 60; i += 1) {
          statuses.push((yield* ask(path, method, refused[i % refused.length] ?? {})).status)
        }
        assert.isTrue(
          statuses.slice(0, 20).every((status) => status === 401 || status === 403),
          path
        )
        assert.isTrue(
          statuses.slice(20).every((status) => status === 429),
          path
        )
        const query = name === "enableLogging" ? "?level=debug" : ""
        for (let i = 0; i < 20; i += 1) {
          assert.strictEqual((yield* ask(`${path}${query}`, method, own)).status, 200, path)
        }
      }
    })
  )

  it.live("ends the work for a client that goes away", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const dispatcher = yield* dispatching(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      const client = new AbortController()
      const request = new Request("http://agent/stats/prometheus", { signal: client.signal })
      const answer = HttpEffect.toWebHandler(dispatcher)(request)
      yield* Deferred.await(started)
      client.abort()
      yield* Deferred.await(interrupted)
      assert.strictEqual((yield* Effect.promise(() => answer)).status, 499)
    })
  )
})
