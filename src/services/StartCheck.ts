import type { Effect } from "effect"
import { Context } from "effect"
import type { Bootstrap, BootstrapError } from "./Bootstrap.ts"
import type { AgentMode } from "./Setting.ts"

/** Where Envoy's configuration comes from, and by which setting. */
export interface ModeInForce {
  readonly name: AgentMode | "own bootstrap"
  /** `APPMESH_XDS_ENDPOINT is a unix socket`. */
  readonly reason: string
}

/** What `run` finds before it starts anything. */
export class StartCheck extends Context.Service<
  StartCheck,
  {
    readonly mode: Effect.Effect<ModeInForce>
    /** The bootstrap with which Envoy would be started, or everything for which `run` would not start it. */
    readonly check: Effect.Effect<Bootstrap["Service"], BootstrapError>
  }
>()("agent/StartCheck") {}
