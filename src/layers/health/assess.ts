import { Duration, Option, Result } from "effect"
import type { AdminError, EnvoyServerState, HealthStats } from "../../services/AdminClient.ts"
import type { Connection, Health, InitialConfig } from "../../services/HealthMonitor.ts"

/** What is remembered of one life of Envoy from probe to probe. */
export interface Assessment {
  readonly health: Health
  /** Why the initial configuration is UPDATE_FAILED; empty where it is not. */
  readonly configProblem: string
  /** Undefined until the initial configuration is judged for the first time. */
  readonly listenerFailure: ListenerFailure | undefined
}

/** What the last probe saw of listeners that could not be created. */
interface ListenerFailure {
  readonly createFailures: number
  readonly rejectedUpdates: number
  /**
   * The number of accepted listener updates beyond which a listener that failed after its update was accepted counts as
   * replaced. Undefined where there is no such listener.
   */
  readonly mendedAfter: number | undefined
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

/**
 * Envoy creates most listeners while it takes an update, and rejects the update where one fails. A listener that has waited for
 * its routes or secrets is created later, when its update counts as accepted: then the next accepted update mends it.
 */
const followListeners = (before: ListenerFailure | undefined, now: HealthStats): ListenerFailure => {
  const { createFailures = 0, mendedAfter, rejectedUpdates = 0 } = before ?? {}
  const hasFailedAlone = now.listenerCreateFailure > createFailures && now.ldsUpdateRejected === rejectedUpdates
  const isMended = mendedAfter === undefined || now.ldsUpdateSuccess > mendedAfter
  return {
    createFailures: now.listenerCreateFailure,
    rejectedUpdates: now.ldsUpdateRejected,
    mendedAfter: hasFailedAlone ? now.ldsUpdateSuccess : isMended ? undefined : mendedAfter
  }
}

const hasNoConfiguration = (now: HealthStats) =>
  now.usesLds &&
  now.activeListeners === 0 &&
  now.ldsUpdateSuccess + now.ldsUpdateRejected + now.cdsUpdateSuccess + now.cdsUpdateRejected === 0

/**
 * What is wrong with the initial configuration of an Envoy that is LIVE; empty where nothing is. An update counts as
 * accepted once one of its type was, however often it was rejected before: a later one is not the initial configuration.
 */
const problemWith = (now: HealthStats, { mendedAfter }: ListenerFailure): string => {
  const isRefused =
    (now.ldsUpdateSuccess === 0 && now.ldsUpdateRejected > 0) ||
    (now.cdsUpdateSuccess === 0 && now.cdsUpdateRejected > 0)
  if (isRefused) return "Envoy did not accept its initial configuration"
  if (mendedAfter !== undefined) return "Envoy could not create a listener of its initial configuration"
  return hasNoConfiguration(now) ? "Envoy has received no configuration, and has no listener of its own" : ""
}

interface ConfigJudgement {
  readonly initialConfig: InitialConfig
  readonly listenerFailure: ListenerFailure | undefined
  /** Why it is UPDATE_FAILED; empty where it is not. */
  readonly problem: string
}

const judgeConfig = (before: Assessment, live: boolean, stats: Observation["stats"]): ConfigJudgement => {
  const { initialConfig } = before.health
  const { configProblem: problem, listenerFailure } = before
  const isDecided = initialConfig === "UPDATE_SUCCESSFUL"
  const cannotTell = Result.isFailure(stats) || (initialConfig === "UNDECIDED" && !live)
  if (isDecided || cannotTell) return { initialConfig, listenerFailure, problem }
  const followed = followListeners(listenerFailure, stats.success)
  const found = problemWith(stats.success, followed)
  return {
    initialConfig: found === "" ? "UPDATE_SUCCESSFUL" : "UPDATE_FAILED",
    listenerFailure: followed,
    problem: found
  }
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
  configProblem: "",
  listenerFailure: undefined
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

const describeFailure = (error: AdminError): string =>
  error.reason === "unreachable" || error.reason === "timeout"
    ? `Envoy's admin does not answer (${error.endpoint}: ${error.detail})`
    : error.message

const verdict = (
  { now, state, stats }: Observation,
  { initialConfig, problem }: ConfigJudgement,
  connection: Connection,
  rules: HealthRules
): Pick<Health, "status" | "reason"> => {
  if (Result.isFailure(state)) return { status: "UNHEALTHY", reason: describeFailure(state.failure) }
  if (state.success !== "LIVE") return { status: "UNHEALTHY", reason: `Envoy is ${state.success}` }
  if (initialConfig === "UNDECIDED") {
    const reason = Result.isFailure(stats) ? describeFailure(stats.failure) : "Envoy's stats are incomplete"
    return { status: "UNHEALTHY", reason }
  }
  if (initialConfig === "UPDATE_FAILED") {
    return { status: "UNHEALTHY", reason: problem }
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
  const config = judgeConfig(before, live, stats)
  const connection = judgeConnection(before.health.connection, rules, observation)
  return {
    health: {
      ...verdict(observation, config, connection, rules),
      envoyState: Result.getOrElse(state, () => "UNREACHABLE" as const),
      connection,
      initialConfig: config.initialConfig,
      initialized: before.health.initialized || live
    },
    configProblem: config.problem,
    listenerFailure: config.listenerFailure
  }
}
