import { Duration, Effect, Option, Ref, Runtime, Schedule, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { Config } from "../services/Config.ts"
import { ManagementClient } from "../services/ManagementClient.ts"
import { healthProblem } from "./healthCheck.ts"
import { addressVariables, RunningAgentLive, sameAsAgent } from "./runningAgent.ts"

/** The running agent was not HEALTHY in time. Exit code 1. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { problem: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return this.problem
  }
}

export interface ReadyOptions {
  /** Seconds between two requests; none: `APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S`. 0: ask once. */
  readonly interval: Option.Option<number>
  /** Seconds after which to give up; none: `APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S`. 0: ask once. */
  readonly timeout: Option.Option<number>
}

/** Asks the running agent for its status until it is HEALTHY. */
export const ready = Effect.fn("ready")(function* (options: ReadyOptions) {
  const { settings } = yield* Config
  const client = yield* ManagementClient
  const interval = Option.getOrElse(options.interval, () => settings.APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S)
  const timeout = Option.getOrElse(options.timeout, () => settings.APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S)

  const askOnce = Effect.flatMap(client.status, (status) =>
    status.healthStatus === "HEALTHY" ? Effect.void : new NotReady({ problem: healthProblem(status) })
  )
  const notReady = (error: { readonly message: string }) => new NotReady({ problem: error.message })
  if (interval === 0 || timeout === 0) return yield* Effect.mapError(askOnce, notReady)

  const lastProblem = yield* Ref.make("the agent has not answered")
  yield* askOnce.pipe(
    Effect.tapError((error) => Ref.set(lastProblem, error.message)),
    Effect.retry({
      schedule: Schedule.spaced(Duration.seconds(interval)),
      while: (error) => error._tag !== "ManagementNotServed"
    }),
    Effect.mapError(notReady),
    Effect.timeoutOrElse({
      duration: Duration.seconds(timeout),
      orElse: () =>
        Effect.flatMap(Ref.get(lastProblem), (problem) =>
          Effect.fail(new NotReady({ problem: `not HEALTHY within ${timeout} s: ${problem}` }))
        )
    })
  )
})

const readSeconds = (text: string): Option.Option<number> => {
  const seconds = text.trim() === "" ? Number.NaN : Number(text)
  return Number.isFinite(seconds) && seconds >= 0 ? Option.some(seconds) : Option.none()
}

const secondsFlag = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("seconds"),
    Flag.withDescription(description),
    Flag.filterMap(readSeconds, () => "a number of seconds, 0 or more"),
    Flag.optional
  )

export const readyCommand = Command.make(
  "ready",
  {
    interval: secondsFlag("interval", "Time between two requests; 0 asks once"),
    timeout: secondsFlag("timeout", "Time after which to give up; 0 asks once")
  },
  ready
).pipe(
  Command.withDescription("Wait until the running agent is HEALTHY"),
  Command.annotate(CommandDetails, {
    variables: [
      ...addressVariables,
      "APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S",
      "APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S"
    ],
    variablesNote: sameAsAgent,
    exitCodes: {
      0: "HEALTHY",
      1: "Not HEALTHY in time, a setting is invalid, or the command line is wrong"
    },
    documents: ["docs/management-api.md", "docs/settings.md"]
  }),
  Command.withExamples([
    { command: "appnet-agent ready --timeout 0", description: "The health check of a container: asks once" }
  ]),
  Command.provide(() => RunningAgentLive)
)
