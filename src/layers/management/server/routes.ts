import { Clock, Effect, SubscriptionRef } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { AdminClient } from "../../../services/AdminClient.ts"
import { Config } from "../../../services/Config.ts"
import type { ConnectionDiagnosis } from "../../../services/ConnectionDiagnosis.ts"
import type { EnvoyProcess } from "../../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../services/HealthMonitor.ts"
import { ListenerDrain } from "../../../services/ListenerDrain.ts"
import { LogLevels } from "../../../services/LogLevels.ts"
import { type QueryOf, routeNames, routeTable } from "../../../services/ManagementApi.ts"
import type { RejectedUpdates } from "../../../services/RejectedUpdates.ts"
import type { Settings } from "../../../services/Settings.ts"
import type { Snapshotter } from "../../../services/Snapshotter.ts"
import type { StatsSlots } from "../../../services/StatsSlots.ts"
import { printableLine } from "../../commandLine/printable.ts"
import { describeDrain, describeDrainEnd } from "../ListenerDrainLive.ts"
import { describeDuration } from "../LogLevelsLive.ts"
import { type Handlers, makeDispatcher, textResponse } from "./dispatch.ts"
import { readinessOf } from "./readiness.ts"
import { RequestRefused } from "./refusal.ts"
import { requesterOf } from "./requester.ts"
import { statsResponse } from "./statsResponse.ts"
import { status } from "./status.ts"

const jsonResponse = (body: string) => HttpServerResponse.text(body, { contentType: "application/json" })

const ready = Effect.gen(function* () {
  const health = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  const { isReady, reason } = readinessOf(health, yield* (yield* ListenerDrain).state)
  if (isReady) return textResponse(200, `${health.status}: ${reason}`)
  return textResponse(503, `${health.status === "HEALTHY" ? "DRAINED" : health.status}: ${reason}`)
})

const drainListeners = Effect.fnUntraced(function* ({ graceful }: QueryOf<"drainListeners">, requester: string) {
  const isGraceful = graceful !== undefined
  const { answer, isStopping, listeners } = yield* (yield* ListenerDrain).drain(isGraceful, requester)
  return textResponse(
    200,
    `${printableLine(answer.trim()).slice(0, 500)}\n${describeDrain(isGraceful, listeners)}. Draining cannot be undone: ${describeDrainEnd(isStopping)}.`
  )
})

const enableLogging = Effect.fnUntraced(function* ({ level, permanent }: QueryOf<"enableLogging">, requester: string) {
  const change = yield* (yield* LogLevels).set(level, permanent === "true", requester)
  const { changed, from, to } = change
  return changed
    ? textResponse(
        200,
        `Setting logging level from [${from}] to [${to}]\nrequested by ${requester}, ${describeDuration(change)}`
      )
    : HttpServerResponse.empty({ status: 304 })
})

const prometheus = Effect.fnUntraced(function* (
  query: QueryOf<"prometheus">,
  acceptEncoding: string | undefined,
  requester: string
) {
  const { delta, filter, since, usedonly } = query
  if (delta !== undefined && (usedonly === undefined || filter === undefined)) {
    return yield* new RequestRefused({ status: 400, reason: "delta needs usedonly and filter=metrics_extension" })
  }
  if (since !== undefined && delta === undefined) {
    return yield* new RequestRefused({ status: 400, reason: "since needs delta" })
  }
  return yield* statsResponse(query, acceptEncoding, requester)
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
  | ListenerDrain
  | LogLevels
  | RejectedUpdates
  | Snapshotter
  | StatsSlots

/** `startedAt`: monotonic nanoseconds from which /status counts the agent's uptime. */
const makeHandlers = (startedAt: bigint, settings: Settings): Handlers<Dependencies> => ({
  status: ({ verbose }) =>
    Effect.map(status(startedAt, verbose !== undefined), (body) => jsonResponse(JSON.stringify(body))),
  ready: () => ready,
  live: () => Effect.succeed(textResponse(200, "OK")),
  drainListeners: (query, request) => drainListeners(query, requesterOf(request, settings)),
  enableLogging: (query, request) => enableLogging(query, requesterOf(request, settings)),
  prometheus: (query, request) => prometheus(query, request.headers["accept-encoding"], requesterOf(request, settings)),
  openapi: () => openapi
})

const serveRoutes = (names: typeof routeNames, overTcp: boolean) =>
  Effect.gen(function* () {
    const { settings } = yield* Config
    return yield* makeDispatcher(makeHandlers(yield* Clock.monotonicTimeNanos, settings), names, overTcp)
  })

/** Answers the requests of the management API, over TCP and unix socket alike. */
export const managementApi = Effect.flatMap(Config, ({ settings }) =>
  serveRoutes(routeNames, settings.APPNET_AGENT_ADMIN_MODE === "tcp")
)

/** Answers what sibling containers may scrape over TCP. */
export const scrapeApi = serveRoutes(
  routeNames.filter((name) => routeTable[name].isScrapable),
  true
)
