import type { Effect, Option } from "effect"
import { Context } from "effect"

/** A configuration update that Envoy rejected, and in whose place it has accepted none since, as far as anybody knows. */
export interface RejectedUpdate {
  /** The type of its resources, like `envoy.config.listener.v3.Listener`. */
  readonly type: string
  /** The rejected resource; undefined where Envoy names none. */
  readonly resource: string | undefined
  /** Envoy's own words, on one line; undefined where Envoy keeps none. */
  readonly reason: string | undefined
  /** When it was rejected for the first time, in epoch milliseconds. */
  readonly since: number
  /** How often it, or another in its place, was rejected since then. */
  readonly count: number
  /** False where Envoy has accepted an update of the same kind at nearly the same time, before or after this one. */
  readonly isOrderKnown: boolean
}

/** Follows what Envoy rejects. Envoy goes on with what it had, so its health does not show it. */
export class RejectedUpdates extends Context.Service<
  RejectedUpdates,
  {
    /** The one that was rejected last; none where Envoy has accepted whatever it was sent. */
    readonly latest: Effect.Effect<Option.Option<RejectedUpdate>>
  }
>()("agent/RejectedUpdates") {}
