import { Duration, Effect, Option, Runtime, Schedule, Schema } from "effect"
import { Config } from "../services/Config.ts"
import { type AgentUnreachable, ManagementClient } from "../services/ManagementClient.ts"

/** The running agent was not HEALTHY in time. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { problem: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return this.problem
  }
}

export interface ReadyOptions {
  /** Seconds between two questions; none: `APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S`. 0: ask once. */
  readonly interval: Option.Option<number>
  /** Seconds to go on asking; none: `APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S`. 0: ask once. */
  readonly timeout: Option.Option<number>
}

const notHealthy = (error: NotReady | AgentUnreachable) => new NotReady({ problem: error.message })

/** Asks the running agent until it is HEALTHY. */
export const ready = Effect.fnUntraced(function* (options: ReadyOptions) {
  const { settings } = yield* Config
  const client = yield* ManagementClient
  const interval = Option.getOrElse(options.interval, () => settings.APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S)
  const timeout = Option.getOrElse(options.timeout, () => settings.APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S)

  const once = Effect.flatMap(client.status, ({ healthStatus, envoyState }) =>
    healthStatus === "HEALTHY"
      ? Effect.void
      : Effect.fail(new NotReady({ problem: `${healthStatus}: Envoy is ${envoyState}` }))
  )
  if (interval === 0 || timeout === 0)
    return yield* Effect.catchTag(once, "AgentUnreachable", (e) => Effect.fail(notHealthy(e)))

  const latest = { problem: "the agent has not answered" }
  yield* once.pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        latest.problem = error.message
      })
    ),
    Effect.retry({
      schedule: Schedule.spaced(Duration.seconds(interval)),
      while: (error) => error._tag !== "ManagementNotServed"
    }),
    Effect.timeoutOrElse({
      duration: Duration.seconds(timeout),
      orElse: () => Effect.fail(new NotReady({ problem: `not HEALTHY within ${timeout} s: ${latest.problem}` }))
    })
  )
})
