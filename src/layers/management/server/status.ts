import { Clock, Effect, Option, SubscriptionRef } from "effect"
import { ConnectionDiagnosis } from "../../../services/ConnectionDiagnosis.ts"
import { EnvoyProcess, type EnvoyState } from "../../../services/EnvoyProcess.ts"
import { HealthMonitor } from "../../../services/HealthMonitor.ts"
import { ListenerDrain } from "../../../services/ListenerDrain.ts"
import { LocalRelay } from "../../../services/LocalRelay.ts"
import { LogLevels } from "../../../services/LogLevels.ts"
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

/** What `GET /status` answers, from memory. `startedAt`: monotonic nanoseconds from which the agent's uptime counts. */
export const status = Effect.fnUntraced(function* (startedAt: bigint, isVerbose: boolean) {
  const health = yield* SubscriptionRef.get((yield* HealthMonitor).health)
  const state = yield* (yield* EnvoyProcess).state
  const problem = Option.getOrUndefined(yield* SubscriptionRef.get((yield* ConnectionDiagnosis).problem))
  const uptime = Number((yield* Clock.monotonicTimeNanos) - startedAt) / 1e6
  const body: StatusFields = statusBody({
    health,
    uptime,
    pid: pidOf(state),
    restarts: state.epoch,
    drain: yield* (yield* ListenerDrain).state,
    logLevel: yield* (yield* LogLevels).report,
    localRelay: yield* localRelayFacts,
    problem
  })
  return isVerbose ? { ...body, ...(yield* verbose) } : body
})
