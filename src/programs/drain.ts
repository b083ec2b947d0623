import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { printOutput } from "../layers/commandLine/output.ts"
import { printableLines } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import {
  bodyText,
  RunningAgentLive,
  requestAgent,
  requestExitCodes,
  requestVariables,
  sameAsAgent
} from "./runningAgent.ts"

export interface DrainOptions {
  readonly graceful: boolean
}

/** Drains Envoy's inbound listeners, and prints what the agent answers. */
export const drain = Effect.fn("drain")(function* ({ graceful }: DrainOptions) {
  const answer = yield* requestAgent("POST", `/drain_listeners?inboundonly${graceful ? "&graceful" : ""}`)
  yield* printOutput(printableLines(yield* bodyText(answer)))
}, Effect.scoped)

export const drainCommand = Command.make(
  "drain",
  { graceful: switchFlag("graceful", "Let requests that are being served finish first") },
  drain
).pipe(
  Command.withDescription("Drain Envoy's inbound listeners; only a restart of Envoy undoes it"),
  Command.annotate(CommandDetails, {
    variables: requestVariables,
    variablesNote: sameAsAgent,
    exitCodes: requestExitCodes,
    documents: ["docs/management-api.md", "docs/settings.md"]
  }),
  Command.provide(() => RunningAgentLive)
)
