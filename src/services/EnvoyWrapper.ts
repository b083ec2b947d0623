import { Context, type Effect } from "effect"

/** What each Envoy of this agent is started by, so that it ends with the agent and keeps NET_ADMIN. */
export class EnvoyWrapper extends Context.Service<
  EnvoyWrapper,
  {
    /** The words to put before Envoy's; none where nothing of that works here. Tried once, with at most one warning. */
    readonly words: Effect.Effect<ReadonlyArray<string>>
  }
>()("agent/EnvoyWrapper") {}
