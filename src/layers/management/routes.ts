import { Clock, Effect, Option, SubscriptionRef } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { ConnectionDiagnosis } from "../../services/ConnectionDiagnosis.ts"
import { EnvoyProcess, type EnvoyState } from "../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../services/HealthMonitor.ts"
import { statusBody } from "./status.ts"

type Handler = Effect.Effect<HttpServerResponse.HttpServerResponse>
type Method = "GET" | "POST"
type RouteTable = ReadonlyArray<readonly [path: `/${string}`, methods: Readonly<Partial<Record<Method, Handler>>>]>

const say = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(`${text}\n`, { status, headers })

const pidOf = (state: EnvoyState) => (state._tag === "Running" || state._tag === "Draining" ? state.pid : undefined)

const hasBody = ({ headers }: HttpServerRequest.HttpServerRequest) =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

/** HEAD goes where GET does; the server leaves out the body. */
const handlerFor = (methods: Partial<Record<Method, Handler>>, method: string): Handler | undefined => {
  if (method === "GET" || method === "HEAD") return methods.GET
  return method === "POST" ? methods.POST : undefined
}

const allowed = (methods: Partial<Record<Method, Handler>>) =>
  [...(methods.GET === undefined ? [] : ["GET", "HEAD"]), ...(methods.POST === undefined ? [] : ["POST"])].join(", ")

/** One place for what every path has in common: wrong method, and a body where none belongs. */
const dispatch = (path: string, methods: Partial<Record<Method, Handler>>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request): Handler => {
    const handler = handlerFor(methods, request.method)
    if (handler === undefined) {
      const allow = allowed(methods)
      return Effect.succeed(say(405, `${request.method} is not allowed on ${path}: use ${allow}`, { allow }))
    }
    if (hasBody(request)) {
      return Effect.succeed(say(400, `${path} takes no body`, { connection: "close" }))
    }
    return handler
  })

const unknownPath = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
  say(404, `there is nothing at ${url.split("?", 1)[0]?.slice(0, 200)}`)
)

/** A path is what the documentation says, letter by letter: there is one rule for each, and no other way to it. */
export const routerConfig = { caseSensitive: true, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false }

/** The management API's requests, the same over TCP and unix socket. */
export const ManagementRoutes = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const monitor = yield* HealthMonitor
    const envoy = yield* EnvoyProcess
    const diagnosis = yield* ConnectionDiagnosis
    const startedAt = yield* Clock.currentTimeMillis

    const status = Effect.gen(function* () {
      const health = yield* SubscriptionRef.get(monitor.health)
      const state = yield* SubscriptionRef.get(envoy.state)
      const now = yield* Clock.currentTimeMillis
      const problem = Option.getOrUndefined(yield* SubscriptionRef.get(diagnosis.problem))
      const body = statusBody({ health, uptime: now - startedAt, pid: pidOf(state), restarts: state.epoch, problem })
      return HttpServerResponse.text(JSON.stringify(body), { contentType: "application/json" })
    })
    const ready = Effect.map(SubscriptionRef.get(monitor.health), ({ status, reason }) =>
      say(status === "HEALTHY" ? 200 : 503, `${status}: ${reason}`)
    )
    const routes: RouteTable = [
      ["/status", { GET: status }],
      ["/ready", { GET: ready }],
      ["/live", { GET: Effect.succeed(say(200, "OK")) }]
    ]

    for (const [path, methods] of routes) {
      yield* router.add("*", path, dispatch(path, methods))
    }
    yield* router.add("*", "/*", unknownPath)
  })
)
