import { Effect, Layer, Option, SubscriptionRef } from "effect"
import * as HttpEffect from "effect/http/HttpEffect"
import { LogLevelsLive } from "../../../../src/layers/management/LogLevelsLive.ts"
import { managementApi, scrapeApi } from "../../../../src/layers/management/server/routes.ts"
import { SnapshotterLive } from "../../../../src/layers/stats/SnapshotterLive.ts"
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
}

/** The management API, or that of the scrape address, in memory on an Envoy in this state. */
const servingApi = Effect.fnUntraced(function* (
  api: typeof managementApi,
  {
    admin: changes = {},
    environment = { APPNET_AGENT_ADMIN_MODE: "uds" },
    health = healthy,
    rejected,
    state = { _tag: "Running", epoch: 3, pid: 77, since: 0 }
  }: World = {}
) {
  const states = yield* SubscriptionRef.make<EnvoyState>(state)
  const admin = simulatedAdmin(changes)
  const layer = Layer.mergeAll(LogLevelsLive, SnapshotterLive).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        settings(environment),
        admin.layer,
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
  const context = yield* Layer.build(layer)
  const handler = HttpEffect.toWebHandler(Effect.provideContext(yield* Effect.provideContext(api, context), context))
  const ask = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await handler(new Request(`http://agent${path}`, init))
      return { status: response.status, headers: response.headers, body: await response.text() }
    })
  return Object.assign(ask, {
    admin,
    states,
    post: (path: string, headers: Readonly<Record<string, string>> = {}) => ask(path, { method: "POST", headers })
  })
})

export const serving = (world?: World) => servingApi(managementApi, world)
export const servingScrapes = (world?: World) => servingApi(scrapeApi, world)
