import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AdminError } from "./AdminClient.ts"

/**
 * What was asked of the inbound listeners of the Envoy that runs now. Times are in epoch milliseconds. `Unconfirmed`: Envoy has
 * not answered, so it may have drained them, or may do so at any time; the request is repeated until it answers.
 */
export type DrainState =
  | { readonly _tag: "NotRequested" }
  | { readonly _tag: "Unconfirmed"; readonly requestedAt: number }
  | { readonly _tag: "Drained"; readonly drainedAt: number }

export interface DrainResult {
  /** Envoy's answer. */
  readonly answer: string
  /** How many inbound listeners this Envoy has; none where it does not say. */
  readonly listeners: Option.Option<number>
  /** Whether the agent is stopping Envoy, so that no start follows. */
  readonly isStopping: boolean
}

/** Drains Envoy's inbound listeners on request, which nothing but Envoy's next start undoes. */
export class ListenerDrain extends Context.Service<
  ListenerDrain,
  {
    readonly state: Effect.Effect<DrainState>
    /** `requester` says in the log who asked. With `graceful`, requests in progress may finish first. */
    readonly drain: (graceful: boolean, requester: string) => Effect.Effect<DrainResult, AdminError>
  }
>()("agent/ListenerDrain") {}
