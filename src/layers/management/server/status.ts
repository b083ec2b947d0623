import { Clock, Effect, Option, SubscriptionRef } from "effect"
import { ConnectionDiagnosis } from "../../../services/ConnectionDiagnosis.ts"
import { EnvoyProcess, type EnvoyState } from "../../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../services/HealthMonitor.ts"
import { LocalRelay } from "../../../services/LocalRelay.ts"
import type { StatusFields } from "../../../services/ManagementApi.ts"
import { RejectedUpdates } from "../../../services/RejectedUpdates.ts"
import { statusBody, verboseFields } from "./statusBody.ts"

const pidOf = (state: EnvoyState) => (state._tag === "Running" || state._tag === "Draining" ? state.pid : undefined)

const localRelayFacts = Effect.gen(function* () {
  const relay = yield* LocalRelay
  if (Option.isNone(relay)) return undefined
  const { envoyState } = yield* SubscriptionRef.get(relay.value.health)
  const { epoch } = yield* relay.value.process.state
  return { envoyState, restarts: epoch }
})

const verbose = Effect.gen(function* () {
  const { latest } = yield* RejectedUpdates
  return verboseFields({ rejected: Option.getOrUndefined(yield* latest) })
})

/** What `GET /status` answers, from memory. `startedAt`: epoch milliseconds from which the agent's uptime counts. */
export const status = Effect.fnUntraced(function* (startedAt: number, isVerbose: boolean) {
  const health = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  const state = yield* (yield* EnvoyProcess).state
  const problem = Option.getOrUndefined(yield* SubscriptionRef.get((yield* ConnectionDiagnosis).problem))
  const now = yield* Clock.currentTimeMillis
  const body: StatusFields = statusBody({
    health,
    uptime: now - startedAt,
    pid: pidOf(state),
    restarts: state.epoch,
    localRelay: yield* localRelayFacts,
    problem
  })
  return isVerbose ? { ...body, ...(yield* verbose) } : body
})
