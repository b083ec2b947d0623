import { Effect, Stream } from "effect"
import { AdminError } from "../../services/AdminClient.ts"
import type { EnvoyProcess, EnvoyState } from "../../services/EnvoyProcess.ts"

/** Whether the Envoy of an epoch has ended. */
export const hasEnded = (epoch: number, state: EnvoyState): boolean =>
  state.epoch !== epoch || state._tag === "Exited" || state._tag === "Failed" || state._tag === "Stopped"

/** Whether the agent is stopping Envoy: no start follows its end, which may come before anything that is due later. */
export const isStopping = ({ _tag }: EnvoyState): boolean => _tag === "Draining" || _tag === "Stopped"

/**
 * Runs a request to the Envoy of one epoch. It is interrupted, and fails, when that Envoy ends: a repetition of it must not
 * reach the next one.
 */
export const duringLife =
  (envoy: EnvoyProcess["Service"], epoch: number, endpoint: string) =>
  <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | AdminError, R> => {
    const ended = envoy.changes.pipe(
      Stream.filter((state) => hasEnded(epoch, state)),
      Stream.runHead,
      Effect.andThen(Effect.fail(new AdminError({ endpoint, reason: "unreachable", detail: "Envoy has ended" })))
    )
    return Effect.raceFirst(request, ended)
  }
