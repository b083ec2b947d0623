import { Clock, Effect, Option, Result, Schema, SubscriptionRef } from "effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { AdminClient } from "../../../services/AdminClient.ts"
import { Config } from "../../../services/Config.ts"
import { ConnectionDiagnosis } from "../../../services/ConnectionDiagnosis.ts"
import { EnvoyProcess, type EnvoyState } from "../../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../services/HealthMonitor.ts"
import { LocalRelay } from "../../../services/LocalRelay.ts"
import { LevelInAnyCase, LogLevels } from "../../../services/LogLevels.ts"
import { DrainQuery, LoggingQuery, StatsQuery } from "../../../services/ManagementApi.ts"
import type { Snapshotter } from "../../../services/Snapshotter.ts"
import { type Answer, addRoutes, type Handler, type Route, say } from "./dispatch.ts"
import { readQuery } from "./query.ts"
import { statsAnswer } from "./statsAnswer.ts"
import { statusBody } from "./status.ts"
import type { Limit } from "./tokenBucket.ts"

const limit: Limit = { perSecond: 10, burst: 20 }

const pidOf = (state: EnvoyState) => (state._tag === "Running" || state._tag === "Draining" ? state.pid : undefined)

const ofLocalRelay = Effect.gen(function* () {
  const relay = yield* LocalRelay
  if (Option.isNone(relay)) return undefined
  const { envoyState } = yield* SubscriptionRef.get(relay.value.health)
  const { epoch } = yield* SubscriptionRef.get(relay.value.process.state)
  return { envoyState, restarts: epoch }
})

const status = Effect.fnUntraced(function* (startedAt: number) {
  const health = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  const state = yield* SubscriptionRef.get((yield* EnvoyProcess).state)
  const problem = Option.getOrUndefined(yield* SubscriptionRef.get((yield* ConnectionDiagnosis).problem))
  const now = yield* Clock.currentTimeMillis
  const body = statusBody({
    health,
    uptime: now - startedAt,
    pid: pidOf(state),
    restarts: state.epoch,
    localRelay: yield* ofLocalRelay,
    problem
  })
  return HttpServerResponse.text(JSON.stringify(body), { contentType: "application/json" })
})

const ready = Effect.gen(function* () {
  const { reason, status } = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  return say(status === "HEALTHY" ? 200 : 503, `${status}: ${reason}`)
})

/** A handler that takes what its query says; another query is answered with what was expected. */
const withQuery =
  <A, R>(
    schema: Schema.Codec<A, unknown>,
    expected: string,
    handler: (query: A, request: HttpServerRequest.HttpServerRequest) => Answer<R>
  ): Handler<R> =>
  (request) => {
    const query = readQuery(schema, request.url, expected)
    return Result.isSuccess(query) ? handler(query.success, request) : Effect.succeed(say(400, query.failure))
  }

const drain = withQuery(DrainQuery, "no parameter but inboundonly and graceful", ({ graceful }) =>
  Effect.gen(function* () {
    const admin = yield* AdminClient
    const words = yield* admin.drainListeners({ graceful: graceful !== undefined, skipExit: false, inboundOnly: true })
    return HttpServerResponse.text(words)
  })
)

const logging = withQuery(
  Schema.Struct({ ...LoggingQuery.fields, level: LevelInAnyCase }),
  "level=trace, debug, info, warning, error, critical or off, and permanent=true at most",
  ({ level, permanent }) =>
    Effect.gen(function* () {
      const { changed, from, to } = yield* (yield* LogLevels).set(level, permanent === "true")
      return changed
        ? say(200, `Setting logging level from [${from}] to [${to}]`)
        : HttpServerResponse.empty({ status: 304 })
    })
)

const stats = withQuery(
  StatsQuery,
  "no parameter but usedonly, filter=metrics_extension, delta (with these two) and since=CURSOR (with delta)",
  (query, { headers }) => {
    const { delta, filter, since, usedonly } = query
    if (delta !== undefined && (usedonly === undefined || filter === undefined)) {
      return Effect.succeed(say(400, "delta needs usedonly and filter=metrics_extension"))
    }
    if (since !== undefined && delta === undefined) return Effect.succeed(say(400, "since needs delta"))
    return statsAnswer(query, headers["accept-encoding"])
  }
)

const described = Effect.map(
  Effect.promise(() => import("./openapi.ts")),
  ({ openApi }) => HttpServerResponse.text(openApi, { contentType: "application/json" })
)

const statsRoute = { path: "/stats/prometheus", method: "GET", handler: stats } as const

/** The management API's requests, the same over TCP and unix socket. */
export const managementRoutes = Effect.fnUntraced(function* (router: HttpRouter.HttpRouter) {
  const startedAt = yield* Clock.currentTimeMillis
  const { settings } = yield* Config
  const routes: ReadonlyArray<
    Route<AdminClient | ConnectionDiagnosis | EnvoyProcess | HealthMonitor | LogLevels | Snapshotter>
  > = [
    { path: "/status", method: "GET", handler: () => status(startedAt) },
    { path: "/ready", method: "GET", handler: () => ready },
    { path: "/live", method: "GET", handler: () => Effect.succeed(say(200, "OK")) },
    { path: "/openapi.json", method: "GET", limit, handler: () => described },
    { path: "/drain_listeners", method: "POST", limit, handler: drain },
    { path: "/enableLogging", method: "POST", limit, handler: logging },
    { ...statsRoute, limit }
  ]
  yield* addRoutes(router, routes, settings.APPNET_AGENT_ADMIN_MODE === "tcp")
})

/** What sibling containers may scrape, on an address of its own. */
export const scrapeRoutes = (router: HttpRouter.HttpRouter) => addRoutes(router, [{ ...statsRoute, limit }], true)
