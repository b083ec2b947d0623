import type { Effect, Scope } from "effect"
import { Context, Schema, type Stream } from "effect"

/** No agent answers at the management address, or its answer is incomplete. */
export class AgentUnreachable extends Schema.TaggedError<AgentUnreachable>()("AgentUnreachable", {
  /** `host:port` or `unix:/path`. */
  address: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `no agent answers on ${this.address}: ${this.problem}`
  }
}

/** `APPNET_AGENT_ADMIN_MODE` is not set, so no management API is served. */
export class ManagementNotServed extends Schema.TaggedError<ManagementNotServed>()("ManagementNotServed", {}) {
  override get message() {
    return "APPNET_AGENT_ADMIN_MODE is not set, so the agent serves no management API to ask: set it to tcp or uds"
  }
}

/** The fields of the running agent's `/status`. */
export type AgentStatus = Readonly<Record<string, string>>

/** An answer of the running agent, whatever its status. */
export interface ManagementAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Valid while the scope of the request is open. */
  readonly body: Stream.Stream<Uint8Array, AgentUnreachable>
}

/** Sends requests to the running agent's management API. */
export class ManagementClient extends Context.Service<
  ManagementClient,
  {
    /** `GET /status`. Fails after 2 s without an answer. */
    readonly status: Effect.Effect<AgentStatus, AgentUnreachable | ManagementNotServed>
    /** Any request, with the token if one is set. Fails after 10 s without the headers of an answer. */
    readonly request: (
      method: "GET" | "POST",
      path: string
    ) => Effect.Effect<ManagementAnswer, AgentUnreachable | ManagementNotServed, Scope.Scope>
  }
>()("agent/ManagementClient") {}
