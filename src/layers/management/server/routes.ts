import { Clock, Effect, SubscriptionRef } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { AdminClient } from "../../../services/AdminClient.ts"
import { Config } from "../../../services/Config.ts"
import type { ConnectionDiagnosis } from "../../../services/ConnectionDiagnosis.ts"
import type { EnvoyProcess } from "../../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../services/HealthMonitor.ts"
import { LogLevels } from "../../../services/LogLevels.ts"
import { type QueryOf, routeNames, routeTable } from "../../../services/ManagementApi.ts"
import type { RejectedUpdates } from "../../../services/RejectedUpdates.ts"
import type { Snapshotter } from "../../../services/Snapshotter.ts"
import { type Handlers, makeDispatcher, textResponse } from "./dispatch.ts"
import { RequestRefused } from "./refusal.ts"
import { statsResponse } from "./statsResponse.ts"
import { status } from "./status.ts"

const jsonResponse = (body: string) => HttpServerResponse.text(body, { contentType: "application/json" })

const ready = Effect.gen(function* () {
  const { reason, status } = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  return textResponse(status === "HEALTHY" ? 200 : 503, `${status}: ${reason}`)
})

const drainListeners = Effect.fnUntraced(function* ({ graceful }: QueryOf<"drainListeners">) {
  const options = { graceful: graceful !== undefined, skipExit: false, inboundOnly: true }
  return HttpServerResponse.text(yield* (yield* AdminClient).drainListeners(options))
})

const enableLogging = Effect.fnUntraced(function* ({ level, permanent }: QueryOf<"enableLogging">) {
  const { changed, from, to } = yield* (yield* LogLevels).set(level, permanent === "true")
  return changed
    ? textResponse(200, `Setting logging level from [${from}] to [${to}]`)
    : HttpServerResponse.empty({ status: 304 })
})

const prometheus = Effect.fnUntraced(function* (query: QueryOf<"prometheus">, acceptEncoding: string | undefined) {
  const { delta, filter, since, usedonly } = query
  if (delta !== undefined && (usedonly === undefined || filter === undefined)) {
    return yield* new RequestRefused({ status: 400, reason: "delta needs usedonly and filter=metrics_extension" })
  }
  if (since !== undefined && delta === undefined) {
    return yield* new RequestRefused({ status: 400, reason: "since needs delta" })
  }
  return yield* statsResponse(query, acceptEncoding)
})

/** The description is expensive to load and to make, so this waits until somebody asks for it. */
const openapi = Effect.map(
  Effect.promise(() => import("./openapi.ts")),
  ({ openApi }) => jsonResponse(openApi)
)

type Dependencies =
  | AdminClient
  | ConnectionDiagnosis
  | EnvoyProcess
  | HealthMonitor
  | LogLevels
  | RejectedUpdates
  | Snapshotter

/** `startedAt`: epoch milliseconds from which /status counts the agent's uptime. */
const makeHandlers = (startedAt: number): Handlers<Dependencies> => ({
  status: ({ verbose }) =>
    Effect.map(status(startedAt, verbose !== undefined), (body) => jsonResponse(JSON.stringify(body))),
  ready: () => ready,
  live: () => Effect.succeed(textResponse(200, "OK")),
  drainListeners,
  enableLogging,
  prometheus: (query, { headers }) => prometheus(query, headers["accept-encoding"]),
  openapi: () => openapi
})

const serveRoutes = (names: typeof routeNames, overTcp: boolean) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => makeDispatcher(makeHandlers(now), names, overTcp))

/** Answers the requests of the management API, over TCP and unix socket alike. */
export const managementApi = Effect.flatMap(Config, ({ settings }) =>
  serveRoutes(routeNames, settings.APPNET_AGENT_ADMIN_MODE === "tcp")
)

/** Answers what sibling containers may scrape over TCP. */
export const scrapeApi = serveRoutes(
  routeNames.filter((name) => routeTable[name].isScrapable),
  true
)
