import { Context, type Effect } from "effect"
import type { AdminError, ServerInfo } from "./AdminClient.ts"

/** Tells this agent's Envoy from another program at the address of its admin: a second agent's Envoy, or an orphan. */
export class OwnEnvoy extends Context.Service<
  OwnEnvoy,
  {
    /**
     * Comes before each request to an endpoint of the admin; fails with `foreign` where another program is at its address.
     * `serverInfo` asks whoever answers there; it is used where the operating system does not tell.
     */
    readonly check: (
      endpoint: string,
      serverInfo: Effect.Effect<ServerInfo, AdminError>
    ) => Effect.Effect<void, AdminError>
  }
>()("agent/OwnEnvoy") {}
