import { IncomingMessage } from "node:http"
import { Cause, Effect, type Scope } from "effect"
import * as HttpEffect from "effect/http/HttpEffect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { AdminError } from "../../../services/AdminClient.ts"
import { Config } from "../../../services/Config.ts"
import { type QueryOf, type RouteName, rateLimit, routeTable } from "../../../services/ManagementApi.ts"
import { printableLine } from "../../commandLine/printable.ts"
import { answerHeaders } from "./answerHeaders.ts"
import { checkPermission } from "./permission.ts"
import { readQuery } from "./query.ts"
import { RequestRefused } from "./refusal.ts"
import { pathOf, printablePath } from "./requestPath.ts"
import { makeTokenBucket } from "./tokenBucket.ts"

/** Answers a request whose query has been read. An `AdminError` becomes 502. */
export type Handler<Query, R> = (
  query: Query,
  request: HttpServerRequest
) => Effect.Effect<HttpServerResponse.HttpServerResponse, AdminError | RequestRefused, R | Scope.Scope>

/** A handler for each route of the table. */
export type Handlers<R> = { readonly [Name in RouteName]: Handler<QueryOf<Name>, R> }

export const textResponse = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(`${text}\n`, { status, headers })

const hasBody = ({ headers }: HttpServerRequest) =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

/** The target as the client wrote it: parsed as a URL, `/a/../live` would be `/live`. */
const targetOf = ({ source, url }: HttpServerRequest) =>
  source instanceof IncomingMessage && source.url !== undefined ? source.url : url

const allowedMethods = (routes: ReadonlyArray<{ readonly method: "GET" | "POST" }>) =>
  routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ")

/** Fails with 429 where the bucket is empty. */
const withinLimit = (secondsToWait: Effect.Effect<number>) =>
  Effect.flatMap(secondsToWait, (wait) =>
    wait === 0
      ? Effect.void
      : new RequestRefused({
          status: 429,
          reason: `too many requests: ask again in ${wait} s`,
          headers: { "retry-after": `${wait}` }
        })
  )

/**
 * Serves these routes of the table. One place for what all routes share: path, method, rate limit, body, permission, query
 * and an Envoy that does not answer.
 */
export const makeDispatcher = Effect.fnUntraced(function* <R>(
  handlers: Handlers<R>,
  names: ReadonlyArray<RouteName>,
  overTcp: boolean
) {
  const { settings } = yield* Config

  const makeEndpoint = Effect.fnUntraced(function* <Name extends RouteName>(name: Name) {
    const route = routeTable[name]
    const handler = handlers[name]
    const limit = route.isRateLimited ? withinLimit(yield* makeTokenBucket(rateLimit)) : Effect.void
    const refusalLimit = withinLimit(yield* makeTokenBucket(rateLimit))
    const answer = Effect.fn(`ManagementApi.${name}`)(
      function* (request: HttpServerRequest) {
        yield* Effect.catch(checkPermission(route, settings, overTcp, request.headers), (refusal) =>
          Effect.andThen(refusalLimit, Effect.fail(refusal))
        )
        yield* limit
        if (hasBody(request)) return yield* new RequestRefused({ status: 400, reason: `${route.path} takes no body` })
        return yield* handler(yield* readQuery(route, targetOf(request)), request)
      },
      Effect.tapDefect((defect) => Effect.logError(`${route.path} failed:`, Cause.die(defect)))
    )
    return { path: route.path, method: route.method, answer }
  })

  const endpoints = yield* Effect.forEach(names, makeEndpoint)
  const endpointsByPath: ReadonlyMap<string, typeof endpoints> = Map.groupBy(endpoints, ({ path }) => path)

  const findEndpoint = (request: HttpServerRequest): Effect.Effect<(typeof endpoints)[number], RequestRefused> => {
    const { method } = request
    const target = targetOf(request)
    const path = pathOf(target)
    const candidates = endpointsByPath.get(path)
    if (candidates === undefined) {
      return new RequestRefused({ status: 404, reason: `there is nothing at ${printablePath(target)}` })
    }
    const found = candidates.find((candidate) => candidate.method === (method === "HEAD" ? "GET" : method))
    if (found !== undefined) return Effect.succeed(found)
    const allow = allowedMethods(candidates)
    return new RequestRefused({
      status: 405,
      reason: `${method} is not allowed on ${path}: use ${allow}`,
      headers: { allow }
    })
  }

  const dispatch = (request: HttpServerRequest) => {
    const respond = (status: number, reason: string, headers?: Readonly<Record<string, string>>) =>
      Effect.as(
        Effect.logDebug(`${request.method} ${printablePath(targetOf(request))} is answered with ${status}: ${reason}`),
        // Nobody reads the body of a request that is refused.
        textResponse(status, reason, hasBody(request) ? { ...headers, connection: "close" } : headers)
      )
    return findEndpoint(request).pipe(
      Effect.flatMap(({ answer }) => answer(request)),
      Effect.catchTags({
        RequestRefused: ({ headers, reason, status }) => respond(status, reason, headers),
        AdminError: ({ message }) => respond(502, printableLine(message).slice(0, 500))
      })
    )
  }

  return Effect.flatMap(HttpServerRequest, dispatch).pipe(
    // The server runs requests uninterruptibly; a client that goes away must end the work for it.
    Effect.interruptible,
    HttpEffect.withPreResponseHandler((_, response) =>
      Effect.succeed(HttpServerResponse.setHeaders(response, answerHeaders))
    )
  )
})
