import type { Effect, Option } from "effect"
import { Context } from "effect"

/** The command that starts each Envoy of this agent, so that Envoy ends with the agent and keeps NET_ADMIN. */
export class EnvoyWrapper extends Context.Service<
  EnvoyWrapper,
  {
    /** The words to put before Envoy's; none where no wrapper works here. Tried once, with at most one warning. */
    readonly words: Effect.Effect<ReadonlyArray<string>>
    /** What this Envoy printed as its version when the wrapper was tried with it; none where it was tried otherwise. */
    readonly versionOutput: (envoyPath: string) => Effect.Effect<Option.Option<string>>
  }
>()("agent/EnvoyWrapper") {}
