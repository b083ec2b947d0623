import { Effect, Layer, Runtime, Schema, Stream } from "effect"
import { configLiveFor } from "../layers/config/ConfigLive.ts"
import { ManagementClientLive } from "../layers/management/client/ManagementClientLive.ts"
import { type ManagementAnswer, ManagementClient } from "../services/ManagementClient.ts"
import type { SettingName } from "../services/Settings.ts"

// What the commands share that ask the running agent.

/** The variables by which a command finds the running agent. */
export const addressVariables: ReadonlyArray<SettingName> = [
  "APPNET_AGENT_ADMIN_MODE",
  "APPNET_AGENT_HTTP_PORT",
  "APPNET_AGENT_HTTP_BIND_ADDRESS",
  "APPNET_AGENT_ADMIN_UDS_PATH"
]

/** The same, with the token that requests carry. */
export const requestVariables: ReadonlyArray<SettingName> = [...addressVariables, "APPNET_AGENT_ADMIN_TOKEN"]

/** The variables of all commands that ask the running agent. What else is wrong with the settings is no concern of theirs. */
const clientVariables: ReadonlyArray<SettingName> = [
  ...requestVariables,
  "APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S",
  "APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S"
]

/** The running agent of these settings. */
export const RunningAgentLive = ManagementClientLive.pipe(Layer.provideMerge(configLiveFor(clientVariables)))

/** What help says about these variables. */
export const sameAsAgent = "The address of the management API must be set as it is for the running agent."

/** The exit codes of a command that asks the running agent for something. */
export const requestExitCodes: Readonly<Record<string, string>> = {
  0: "Done",
  1: "The agent refused, a setting is invalid, or the command line is wrong",
  2: "No agent answers"
}

/** No agent answers. Exit code 2 tells it apart from an agent that refuses. */
export class NoAgentAnswered extends Schema.TaggedError<NoAgentAnswered>()("NoAgentAnswered", {
  problem: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 2
  override get message() {
    return this.problem
  }
}

/** The agent answered with an error status and this text. Exit code 1. */
export class RequestRefused extends Schema.TaggedError<RequestRefused>()("RequestRefused", {
  status: Schema.Int,
  text: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return `refused (${this.status}): ${this.text}`
  }
}

/** Any failure to reach the agent, as exit code 2. */
export const noAgentAnswered = (error: { readonly message: string }) => new NoAgentAnswered({ problem: error.message })

/** The whole body of an answer, without the newline at its end. */
export const bodyText = (answer: ManagementAnswer) =>
  Stream.mkString(Stream.decodeText(answer.body)).pipe(
    Effect.map((text) => text.trim()),
    Effect.mapError(noAgentAnswered)
  )

/** Sends a request to the running agent. An answer with an error status is a failure. */
export const requestAgent = Effect.fnUntraced(function* (method: "GET" | "POST", path: string) {
  const client = yield* ManagementClient
  const answer = yield* Effect.mapError(client.request(method, path), noAgentAnswered)
  if (answer.status < 400) return answer
  return yield* new RequestRefused({ status: answer.status, text: yield* bodyText(answer) })
})
