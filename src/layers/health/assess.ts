import { Duration, Option, Result } from "effect"
import type { AdminError, EnvoyServerState, HealthStats } from "../../services/AdminClient.ts"
import type { Connection, Health, InitialConfig } from "../../services/HealthMonitor.ts"

/** What is remembered of one life of Envoy from probe to probe. */
export interface Assessment {
  readonly health: Health
  /** The counters of the last probe that saw the initial configuration fail. */
  readonly failing: Option.Option<HealthStats>
}

/** The answers to one probe of Envoy's admin, or why there were none. */
export interface Observation {
  readonly state: Result.Result<EnvoyServerState, AdminError>
  readonly stats: Result.Result<HealthStats, AdminError>
  /** Epoch milliseconds. */
  readonly now: number
  /** When this Envoy was started, epoch milliseconds. */
  readonly startedAt: number
}

export interface HealthRules {
  /** Relay mode has no management server of its own. */
  readonly considersConnection: boolean
  readonly disconnectedTimeout: Duration.Duration
}

const lds = (stats: HealthStats) => stats.ldsUpdateRejected + stats.listenerCreateFailure
const failures = (stats: HealthStats) => lds(stats) + stats.cdsUpdateRejected

/** Whether each xDS type that failed has had an accepted update since, and none has failed again. */
const healed = (then: HealthStats, now: HealthStats) =>
  failures(now) === failures(then) &&
  (lds(then) === 0 || now.ldsUpdateSuccess > then.ldsUpdateSuccess) &&
  (then.cdsUpdateRejected === 0 || now.cdsUpdateSuccess > then.cdsUpdateSuccess)

const judgeConfig = (
  before: Assessment,
  live: boolean,
  stats: Observation["stats"]
): { readonly initialConfig: InitialConfig; readonly failing: Option.Option<HealthStats> } => {
  const { initialConfig } = before.health
  const unchanged = { initialConfig, failing: before.failing }
  if (Result.isFailure(stats) || initialConfig === "UPDATE_SUCCESSFUL") return unchanged
  if (initialConfig === "UNDECIDED") {
    if (!live) return unchanged
    return failures(stats.success) > 0
      ? { initialConfig: "UPDATE_FAILED", failing: Option.some(stats.success) }
      : { initialConfig: "UPDATE_SUCCESSFUL", failing: Option.none() }
  }
  if (Option.isSome(before.failing) && healed(before.failing.value, stats.success)) {
    return { initialConfig: "UPDATE_SUCCESSFUL", failing: Option.none() }
  }
  const failedAgain = Option.isNone(before.failing) || failures(stats.success) !== failures(before.failing.value)
  return { initialConfig, failing: failedAgain ? Option.some(stats.success) : before.failing }
}

const judgeConnection = (
  before: Connection,
  rules: HealthRules,
  { stats, now, startedAt }: Observation
): Connection => {
  if (!rules.considersConnection) return { _tag: "NotConsidered" }
  if (Result.isFailure(stats)) return before
  if (Option.isNone(stats.success.connected)) return { _tag: "NotConsidered" }
  if (stats.success.connected.value) return { _tag: "Connected" }
  if (before._tag === "Disconnected") return before
  return { _tag: "Disconnected", since: before._tag === "Connected" ? now : startedAt }
}

/** Health at a start of Envoy, before the first probe. */
export const atStart = (considersConnection: boolean, startedAt: number): Assessment => ({
  health: {
    status: "UNHEALTHY",
    reason: "Envoy is starting",
    envoyState: "UNREACHABLE",
    connection: considersConnection ? { _tag: "Disconnected", since: startedAt } : { _tag: "NotConsidered" },
    initialConfig: "UNDECIDED",
    initialized: false
  },
  failing: Option.none()
})

/** Health that follows from the process alone, whatever the last probe said: it has ended, or is being drained. */
export const withProcessState = (
  before: Assessment,
  envoyState: "UNREACHABLE" | "DRAINING",
  reason: string
): Assessment => ({
  ...before,
  health: { ...before.health, status: "UNHEALTHY", envoyState, reason }
})

/**
 * Health of an Envoy that gets its configuration through a local relay: it is HEALTHY only while the relay's Envoy is LIVE, and
 * is not started before (`isWaiting`).
 */
export const dependingOn = (own: Health, relay: Health, isWaiting: boolean): Health => {
  if (relay.envoyState === "LIVE") return own
  const about = `the local relay's Envoy, which is ${relay.envoyState}`
  if (isWaiting) return { ...own, reason: `Envoy waits for ${about}` }
  return own.status === "UNHEALTHY" ? own : { ...own, status: "UNHEALTHY", reason: `Envoy needs ${about}` }
}

const verdict = (
  { now, state, stats }: Observation,
  initialConfig: InitialConfig,
  connection: Connection,
  rules: HealthRules
): Pick<Health, "status" | "reason"> => {
  if (Result.isFailure(state)) return { status: "UNHEALTHY", reason: `no state of Envoy: ${state.failure.message}` }
  if (state.success !== "LIVE") return { status: "UNHEALTHY", reason: `Envoy is ${state.success}` }
  if (initialConfig === "UNDECIDED") {
    const why = Result.isFailure(stats) ? `: ${stats.failure.message}` : ""
    return { status: "UNHEALTHY", reason: `no stats of Envoy${why}` }
  }
  if (initialConfig === "UPDATE_FAILED") {
    return { status: "UNHEALTHY", reason: "Envoy did not accept its initial configuration" }
  }
  if (connection._tag === "Disconnected") {
    const seconds = Math.floor((now - connection.since) / 1000)
    return now - connection.since >= Duration.toMillis(rules.disconnectedTimeout)
      ? { status: "UNHEALTHY", reason: `the management server has been disconnected for ${seconds} s` }
      : { status: "HEALTHY", reason: "Envoy is LIVE, the management server is disconnected" }
  }
  return { status: "HEALTHY", reason: "Envoy is LIVE and accepted its initial configuration" }
}

/** The health after one more probe. Time comes with the observation, so this is a pure function. */
export const assess = (before: Assessment, rules: HealthRules, observation: Observation): Assessment => {
  const { state, stats } = observation
  const live = Result.isSuccess(state) && state.success === "LIVE"
  const { initialConfig, failing } = judgeConfig(before, live, stats)
  const connection = judgeConnection(before.health.connection, rules, observation)
  return {
    health: {
      ...verdict(observation, initialConfig, connection, rules),
      envoyState: Result.getOrElse(state, () => "UNREACHABLE" as const),
      connection,
      initialConfig,
      initialized: before.health.initialized || live
    },
    failing
  }
}
