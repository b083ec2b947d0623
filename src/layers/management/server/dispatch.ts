import { Context, Effect, type Scope } from "effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { AdminError } from "../../../services/AdminClient.ts"
import { Config } from "../../../services/Config.ts"
import { refusalOf } from "./guards.ts"
import { type Limit, makeTokenBucket } from "./tokenBucket.ts"

/** What a request is answered with; an Envoy that does not answer is 502. */
export type Answer<R = never> = Effect.Effect<HttpServerResponse.HttpServerResponse, AdminError, R | Scope.Scope>
export type Handler<R> = (request: HttpServerRequest.HttpServerRequest) => Answer<R>

export interface Route<R> {
  readonly path: `/${string}`
  readonly method: "GET" | "POST"
  /** Counted for this route alone, so that none can starve another. None: it is answered from memory. */
  readonly limit?: Limit
  readonly handler: Handler<R>
}

export const say = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(`${text}\n`, { status, headers })

const hasBody = ({ headers }: HttpServerRequest.HttpServerRequest) =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

/** One place for what every path has in common: method, limit, body, permission, and an Envoy that does not answer. */
const dispatch = Effect.fnUntraced(function* <R>(path: string, routes: ReadonlyArray<Route<R>>, overTcp: boolean) {
  const { settings } = yield* Config
  const services = yield* Effect.context<R>()
  const limited = yield* Effect.forEach(routes, (route) =>
    Effect.map(route.limit === undefined ? Effect.succeed(undefined) : makeTokenBucket(route.limit), (take) => ({
      ...route,
      take
    }))
  )
  const allow = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ")
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.gen(function* () {
      const method = request.method === "HEAD" ? "GET" : request.method
      const route = limited.find((candidate) => candidate.method === method)
      if (route === undefined) return say(405, `${request.method} is not allowed on ${path}: use ${allow}`, { allow })
      const wait = route.take === undefined ? 0 : yield* route.take
      if (wait > 0) return say(429, `too many requests: ask again in ${wait} s`, { "retry-after": `${wait}` })
      if (hasBody(request)) return say(400, `${path} takes no body`, { connection: "close" })
      if (route.method === "POST") {
        const refusal = refusalOf(settings, overTcp, request.headers)
        if (refusal !== undefined) {
          return say(refusal.status, refusal.text, refusal.status === 401 ? { "www-authenticate": "Bearer" } : {})
        }
      }
      return yield* route.handler(request).pipe(
        Effect.catchTag("AdminError", (error) => Effect.succeed(say(502, error.message))),
        // What belongs to the request, its scope above all, goes before what the server was built with.
        Effect.updateContext((own: Context.Context<Scope.Scope>) => Context.merge(services, own))
      )
    })
  )
})

const unknownPath = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
  say(404, `there is nothing at ${url.split("?", 1)[0]?.slice(0, 200)}`)
)

/** A path is what the documentation says, letter by letter: there is one rule for each, and no other way to it. */
export const routerConfig = { caseSensitive: true, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false }

/** Puts routes on a router, and 404 everywhere else. */
export const addRoutes = Effect.fnUntraced(function* <R>(
  router: HttpRouter.HttpRouter,
  routes: ReadonlyArray<Route<R>>,
  overTcp: boolean
) {
  const paths = Map.groupBy(routes, ({ path }) => path)
  for (const [path, methods] of paths) yield* router.add("*", path, yield* dispatch(path, methods, overTcp))
  yield* router.add("*", "/*", unknownPath)
})
