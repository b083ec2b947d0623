import { Duration, Option } from "effect"
import type { EnvoyServerState, HealthStats } from "../../services/AdminClient.ts"
import type { Connection, Health, InitialConfig } from "../../services/HealthMonitor.ts"

/** What is remembered between two looks at one start of Envoy. */
export interface Assessment {
  readonly health: Health
  /** The counters when the initial configuration was last seen to fail. */
  readonly failing: Option.Option<HealthStats>
}

/** One look at Envoy's admin. A part that could not be asked is none. */
export interface Observation {
  readonly state: Option.Option<EnvoyServerState>
  readonly stats: Option.Option<HealthStats>
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

/** Every xDS type that failed has had an accepted update since, and nothing has failed anew. */
const healed = (then: HealthStats, now: HealthStats) =>
  failures(now) === failures(then) &&
  (lds(then) === 0 || now.ldsUpdateSuccess > then.ldsUpdateSuccess) &&
  (then.cdsUpdateRejected === 0 || now.cdsUpdateSuccess > then.cdsUpdateSuccess)

const judgeConfig = (
  before: Assessment,
  live: boolean,
  stats: Option.Option<HealthStats>
): { readonly initialConfig: InitialConfig; readonly failing: Option.Option<HealthStats> } => {
  const { initialConfig } = before.health
  const unchanged = { initialConfig, failing: before.failing }
  if (Option.isNone(stats) || initialConfig === "UPDATE_SUCCESSFUL") return unchanged
  if (initialConfig === "UNDECIDED") {
    if (!live) return unchanged
    return failures(stats.value) > 0
      ? { initialConfig: "UPDATE_FAILED", failing: stats }
      : { initialConfig: "UPDATE_SUCCESSFUL", failing: Option.none() }
  }
  if (Option.isSome(before.failing) && healed(before.failing.value, stats.value)) {
    return { initialConfig: "UPDATE_SUCCESSFUL", failing: Option.none() }
  }
  const worse = Option.isNone(before.failing) || failures(stats.value) !== failures(before.failing.value)
  return { initialConfig, failing: worse ? stats : before.failing }
}

const judgeConnection = (
  before: Connection,
  rules: HealthRules,
  { stats, now, startedAt }: Observation
): Connection => {
  if (!rules.considersConnection) return { _tag: "NotConsidered" }
  if (Option.isNone(stats)) return before
  if (Option.isNone(stats.value.connected)) return { _tag: "NotConsidered" }
  if (stats.value.connected.value) return { _tag: "Connected" }
  if (before._tag === "Disconnected") return before
  return { _tag: "Disconnected", since: before._tag === "Connected" ? now : startedAt }
}

/** Health before anything is known of a start of Envoy. */
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

/** The same, changed by what is known of the process itself: it ended, or it is being drained. */
export const overruled = (before: Assessment, envoyState: "UNREACHABLE" | "DRAINING", reason: string): Assessment => ({
  ...before,
  health: { ...before.health, status: "UNHEALTHY", envoyState, reason }
})

/**
 * An Envoy that gets its configuration through a local relay is HEALTHY only as long as that one is LIVE, and is not started
 * (`waits`) before.
 */
export const dependingOn = (own: Health, relay: Health, waits: boolean): Health => {
  if (relay.envoyState === "LIVE") return own
  const about = `the local relay's Envoy, which is ${relay.envoyState}`
  if (waits) return { ...own, reason: `Envoy waits for ${about}` }
  return own.status === "UNHEALTHY" ? own : { ...own, status: "UNHEALTHY", reason: `Envoy needs ${about}` }
}

const verdict = (
  state: Option.Option<EnvoyServerState>,
  initialConfig: InitialConfig,
  connection: Connection,
  rules: HealthRules,
  now: number
): Pick<Health, "status" | "reason"> => {
  if (Option.isNone(state)) return { status: "UNHEALTHY", reason: "Envoy's admin does not answer" }
  if (state.value !== "LIVE") return { status: "UNHEALTHY", reason: `Envoy is ${state.value}` }
  if (initialConfig === "UNDECIDED") return { status: "UNHEALTHY", reason: "Envoy's stats do not answer" }
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

/** Judges one look at Envoy by what was known before. Pure: time comes with the observation. */
export const assess = (before: Assessment, rules: HealthRules, observation: Observation): Assessment => {
  const { state, stats, now } = observation
  const live = Option.contains(state, "LIVE")
  const { initialConfig, failing } = judgeConfig(before, live, stats)
  const connection = judgeConnection(before.health.connection, rules, observation)
  return {
    health: {
      ...verdict(state, initialConfig, connection, rules, now),
      envoyState: Option.getOrElse(state, () => "UNREACHABLE" as const),
      connection,
      initialConfig,
      initialized: before.health.initialized || live
    },
    failing
  }
}
