import type { Health } from "../../../services/HealthMonitor.ts"
import type { DrainState } from "../../../services/ListenerDrain.ts"
import { timestamp } from "../timestamp.ts"

export interface Readiness {
  /** Whether traffic may come to this Envoy. */
  readonly isReady: boolean
  /** Why it may, or may not: a clause, the same in `/ready` and `/status`. */
  readonly reason: string
}

/** A drain on request sends traffic elsewhere, and leaves the health as it is: Envoy need not be killed for it. */
export const readinessOf = ({ reason, status }: Health, drain: DrainState): Readiness => {
  if (status === "UNHEALTHY" || drain._tag === "NotRequested") return { isReady: status === "HEALTHY", reason }
  const what =
    drain._tag === "Drained"
      ? `its inbound listeners were drained on request at ${timestamp(drain.drainedAt)}, until its next start`
      : `a drain of its inbound listeners was requested at ${timestamp(drain.requestedAt)}, which it has not answered`
  return { isReady: false, reason: `${reason}, but ${what}` }
}
