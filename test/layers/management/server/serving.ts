import { Clock, Context, Effect, Layer, Option, SubscriptionRef } from "effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServer from "effect/http/HttpServer"
import { ListenerDrainLive } from "../../../../src/layers/management/ListenerDrainLive.ts"
import { LogLevelsLive } from "../../../../src/layers/management/LogLevelsLive.ts"
import { StatsSlotsLive } from "../../../../src/layers/management/StatsSlotsLive.ts"
import { listenOn } from "../../../../src/layers/management/server/httpListener.ts"
import { managementApi, scrapeApi } from "../../../../src/layers/management/server/routes.ts"
import { ConfiguredLogLevelLive } from "../../../../src/layers/process/ConfiguredLogLevelLive.ts"
import { SnapshotterLive } from "../../../../src/layers/stats/SnapshotterLive.ts"
import type { AdminClient } from "../../../../src/services/AdminClient.ts"
import { ConnectionDiagnosis } from "../../../../src/services/ConnectionDiagnosis.ts"
import type { EnvoyState } from "../../../../src/services/EnvoyProcess.ts"
import { type Health, HealthMonitor } from "../../../../src/services/HealthMonitor.ts"
import { type RejectedUpdate, RejectedUpdates } from "../../../../src/services/RejectedUpdates.ts"
import { type AdminScript, envoyIn, settings, simulatedAdmin } from "../../../fakes.ts"

export const healthy: Health = {
  status: "HEALTHY",
  reason: "Envoy is LIVE",
  envoyState: "LIVE",
  connection: { _tag: "Connected" },
  initialConfig: "UPDATE_SUCCESSFUL",
  initialized: true
}

export interface World {
  readonly health?: Health
  readonly state?: EnvoyState
  readonly environment?: Readonly<Record<string, string>>
  readonly admin?: Partial<AdminScript>
  readonly rejected?: RejectedUpdate
  /** Instead of the simulated one. */
  readonly adminLayer?: Layer.Layer<AdminClient>
  /** The services of another API, which this one shares. */
  readonly context?: Effect.Success<ReturnType<typeof servicesOf>>
}

/** The services behind an API, on an Envoy in this state. */
const servicesOf = Effect.fnUntraced(function* ({
  admin: changes = {},
  adminLayer,
  environment = { APPNET_AGENT_ADMIN_MODE: "uds" },
  health = healthy,
  rejected,
  state = { _tag: "Running", epoch: 3, pid: 77, since: 0 }
}: Omit<World, "context">) {
  const states = yield* SubscriptionRef.make<EnvoyState>(state)
  const admin = simulatedAdmin(changes)
  const layer = Layer.mergeAll(ListenerDrainLive, LogLevelsLive, SnapshotterLive, StatsSlotsLive).pipe(
    Layer.provideMerge(ConfiguredLogLevelLive),
    Layer.provideMerge(
      Layer.mergeAll(
        settings(environment),
        adminLayer ?? admin.layer,
        Layer.succeed(HealthMonitor, HealthMonitor.of({ health: yield* SubscriptionRef.make(health) })),
        envoyIn(states),
        Layer.succeed(
          ConnectionDiagnosis,
          ConnectionDiagnosis.of({ problem: yield* SubscriptionRef.make(Option.some("nothing listens")) })
        ),
        Layer.succeed(RejectedUpdates, RejectedUpdates.of({ latest: Effect.succeed(Option.fromUndefinedOr(rejected)) }))
      )
    )
  )
  // Requests are handled outside of the test's fiber, by its clock all the same.
  const services = Context.add(yield* Layer.build(layer), Clock.Clock, yield* Clock.Clock)
  return { admin, services, states }
})

/** The management API, or that of the scrape address, in memory. */
const servingApi = Effect.fnUntraced(function* (api: typeof managementApi, world: World = {}) {
  const context = world.context ?? (yield* servicesOf(world))
  const { admin, services, states } = context
  const answering = Effect.provideContext(yield* Effect.provideContext(api, services), services)
  const handler = HttpEffect.toWebHandler(answering)
  const ask = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await handler(new Request(`http://agent${path}`, init))
      return { status: response.status, headers: response.headers, body: await response.text() }
    })
  return Object.assign(ask, {
    admin,
    states,
    context,
    /** Serves the same on loopback, until the test ends. Succeeds with the port. */
    listen: Effect.gen(function* () {
      const server = Layer.provideMerge(HttpServer.serve(answering), listenOn({ host: "127.0.0.1", port: 0 }))
      const { address } = yield* Effect.map(Layer.build(server), Context.get(HttpServer.HttpServer))
      return "port" in address ? address.port : 0
    }),
    post: (path: string, headers: Readonly<Record<string, string>> = {}) => ask(path, { method: "POST", headers })
  })
})

export const serving = (world?: World) => servingApi(managementApi, world)
export const servingScrapes = (world?: World) => servingApi(scrapeApi, world)
