import { Console, Effect, Option, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { CommandDetails } from "../layers/commandLine/CommandDetails.ts"
import { writeOutput } from "../layers/commandLine/output.ts"
import { switchFlag } from "../layers/commandLine/switchFlag.ts"
import {
  noAgentAnswered,
  RunningAgentLive,
  requestAgent,
  requestExitCodes,
  requestVariables,
  sameAsAgent
} from "./runningAgent.ts"

export interface StatsOptions {
  readonly usedOnly: boolean
  /** Only the families of the metrics extension. */
  readonly extensionOnly: boolean
  /** What changed between the last two snapshots; implies the other two. */
  readonly delta: boolean
}

/** Why an answer to `delta` has the current values instead, by its header X-Snapshot. */
const noDelta: Readonly<Record<string, string>> = {
  disabled: "the running agent takes no snapshots (ENABLE_STATS_SNAPSHOT): these are the current values, not a delta",
  restarted: "Envoy's counters began anew between the last two snapshots: these are the current values, not a delta",
  none: "this Envoy has fewer than two snapshots so far: these are the current values, not a delta"
}

/** Prints Envoy's stats while they arrive. */
export const showStats = Effect.fn("stats")(function* ({ delta, extensionOnly, usedOnly }: StatsOptions) {
  const parameters = [
    ...(usedOnly || delta ? ["usedonly"] : []),
    ...(extensionOnly || delta ? ["filter=metrics_extension"] : []),
    ...(delta ? ["delta"] : [])
  ]
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`
  const answer = yield* requestAgent("GET", `/stats/prometheus${query}`)
  const remark = noDelta[answer.headers["x-snapshot"] ?? ""]
  if (remark !== undefined) yield* Console.error(remark)
  yield* writeOutput(Stream.mapError(answer.body, noAgentAnswered))
}, Effect.scoped)

export const statsCommand = Command.make(
  "stats",
  {
    usedOnly: switchFlag("used-only", "Only stats that Envoy has updated"),
    extensionOnly: Flag.Literals("filter", ["metrics_extension"]).pipe(
      Flag.withMetavar("name"),
      Flag.withDescription("Only the families of the metrics extension, without their prefix"),
      Flag.optional,
      Flag.map(Option.isSome)
    ),
    delta: switchFlag("delta", "What changed between the last two snapshots; implies the other two flags")
  },
  showStats
).pipe(
  Command.withDescription("Print Envoy's stats as Prometheus text"),
  Command.annotate(CommandDetails, {
    variables: [
      ...requestVariables,
      "APPMESH_METRIC_EXTENSION_VERSION",
      "ENABLE_STATS_SNAPSHOT",
      "APPNET_STATS_SNAPSHOT_INTERVAL_S"
    ],
    variablesNote: sameAsAgent,
    exitCodes: requestExitCodes,
    documents: ["docs/management-api.md", "docs/settings.md"]
  }),
  Command.provide(() => RunningAgentLive)
)
