import type { Effect, Scope } from "effect"
import { Context, Schema, type Stream } from "effect"

/** No agent answers at the management address. */
export class AgentUnreachable extends Schema.TaggedError<AgentUnreachable>()("AgentUnreachable", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `no agent answers on ${this.address}: ${this.problem}`
  }
}

/** `APPNET_AGENT_ADMIN_MODE` is not set, so the agent serves nothing that could be asked. */
export class ManagementNotServed extends Schema.TaggedError<ManagementNotServed>()("ManagementNotServed", {}) {
  override get message() {
    return "APPNET_AGENT_ADMIN_MODE is not set, so the agent serves no management API to ask: set it to tcp or uds"
  }
}

/** The running agent's `/status`. */
export type AgentStatus = Readonly<Record<string, string>>

/** What the running agent answers. */
export interface ManagementAnswer {
  readonly status: number
  readonly body: Stream.Stream<Uint8Array, AgentUnreachable>
}

/** Asks the running agent through its management API. */
export class ManagementClient extends Context.Service<
  ManagementClient,
  {
    readonly status: Effect.Effect<AgentStatus, AgentUnreachable | ManagementNotServed>
    /** Any request, with the token where one is set. */
    readonly request: (
      method: "GET" | "POST",
      path: string
    ) => Effect.Effect<ManagementAnswer, AgentUnreachable | ManagementNotServed, Scope.Scope>
  }
>()("agent/ManagementClient") {}
