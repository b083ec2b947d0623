import { Effect, Runtime, Schedule, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { alignColumns } from "../layers/commandLine/columns.ts"
import { printOutput, writeOutput } from "../layers/commandLine/output.ts"
import { printableLine } from "../layers/commandLine/printable.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import { type AgentStatus, ManagementClient } from "../services/ManagementClient.ts"
import { noAgentAnswered, RunningAgentLive, requestVariables, sameAsAgent } from "./runningAgent.ts"

/** The running agent is not HEALTHY. Exit code 1. */
export class AgentUnhealthy extends Schema.TaggedError<AgentUnhealthy>()("AgentUnhealthy", {
  healthStatus: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return printableLine(this.healthStatus)
  }
}

export interface StatusOptions {
  readonly json: boolean
  readonly watch: boolean
}

const asTable = (status: AgentStatus) =>
  alignColumns(Object.entries(status).map(([name, value]) => [printableLine(name), printableLine(value)]))

const withoutUptime = ({ agentUptime: _, ...others }: AgentStatus) => JSON.stringify(others)

const isSameButForUptime = (a: AgentStatus, b: AgentStatus) => withoutUptime(a) === withoutUptime(b)

/** Prints what the running agent reports; with `watch`, prints it again whenever more than the uptime changes. */
export const showStatus = Effect.fn("status")(function* ({ json, watch }: StatusOptions) {
  const client = yield* ManagementClient
  const currentStatus = Effect.mapError(client.status, noAgentAnswered)
  const shown = (status: AgentStatus) => (json ? printableLine(JSON.stringify(status)) : asTable(status))
  if (!watch) {
    const status = yield* currentStatus
    yield* printOutput(shown(status))
    const { healthStatus = "" } = status
    return yield* healthStatus === "HEALTHY" ? Effect.void : new AgentUnhealthy({ healthStatus })
  }
  const changes = Stream.fromEffectSchedule(currentStatus, Schedule.spaced("1 second")).pipe(
    Stream.changesWith(isSameButForUptime),
    Stream.map((status) => `${shown(status)}\n`)
  )
  yield* writeOutput(json ? changes : Stream.intersperse(changes, "\n"))
})

export const statusCommand = Command.make(
  "status",
  {
    json: switchFlag("json", "Print JSON instead of a table"),
    watch: switchFlag("watch", "Keep running, and print the status whenever it changes")
  },
  showStatus
).pipe(
  Command.withDescription("Print what the running agent reports about itself and its Envoy"),
  Command.annotate(CommandDetails, {
    variables: requestVariables,
    variablesNote: sameAsAgent,
    exitCodes: {
      0: "HEALTHY",
      1: "Not HEALTHY, a setting is invalid, or the command line is wrong",
      2: "No agent answers"
    },
    documents: ["docs/management-api.md", "docs/settings.md"]
  }),
  Command.provide(() => RunningAgentLive)
)
