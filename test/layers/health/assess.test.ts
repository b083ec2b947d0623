import { assert, describe, it } from "@effect/vitest"
import { Duration, Option, Result } from "effect"
import {
  type Assessment,
  assess,
  atStart,
  type HealthRules,
  withProcessState
} from "../../../src/layers/health/assess.ts"
import { AdminError, type EnvoyServerState, type HealthStats } from "../../../src/services/AdminClient.ts"
import { quietStats } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const rules: HealthRules = { considersConnection: true, disconnectedTimeout: Duration.seconds(3600) }
const startedAt = 1_000_000

const refused = (endpoint: string) => new AdminError({ endpoint, reason: "unreachable", detail: "ECONNREFUSED" })

/** One look after the other, a second apart. */
const look = (
  before: Assessment,
  state: EnvoyServerState | undefined,
  stats: Partial<HealthStats> | undefined,
  now = startedAt + 1000,
  by = rules
) =>
  assess(before, by, {
    state: state === undefined ? Result.fail(refused("/ready")) : Result.succeed(state),
    stats: stats === undefined ? Result.fail(refused("/stats")) : Result.succeed({ ...quietStats, ...stats }),
    now,
    startedAt
  })

const fresh = atStart(true, startedAt)

describe("the initial configuration", () => {
  it("is undecided, and Envoy UNHEALTHY, until Envoy is LIVE", () => {
    const { health } = look(fresh, "PRE_INITIALIZING", { listenerCreateFailure: 1 })
    assert.strictEqual(health.initialConfig, "UNDECIDED")
    assert.isFalse(health.initialized)
    assert.strictEqual(health.status, "UNHEALTHY")
  })

  it("is undecided while the stats do not answer, though Envoy is LIVE", () => {
    const blind = look(fresh, "LIVE", undefined)
    assert.strictEqual(blind.health.initialConfig, "UNDECIDED")
    assert.strictEqual(blind.health.status, "UNHEALTHY")
    assert.isTrue(blind.health.initialized)
    assert.strictEqual(look(blind, "LIVE", {}).health.status, "HEALTHY")
  })

  const nothingAccepted = { ldsUpdateSuccess: 0, cdsUpdateSuccess: 0, activeListeners: 0 }

  for (const [kind, rejected, accepted, other] of [
    ["listeners", "ldsUpdateRejected", "ldsUpdateSuccess", "cdsUpdateSuccess"],
    ["clusters", "cdsUpdateRejected", "cdsUpdateSuccess", "ldsUpdateSuccess"]
  ] as const) {
    it(`fails where the first ${kind} are rejected, until an update of ${kind} is accepted`, () => {
      shows("initial-config")
      const failed = look(fresh, "LIVE", { ...nothingAccepted, [rejected]: 1 })
      assert.deepInclude(failed.health, {
        status: "UNHEALTHY",
        initialConfig: "UPDATE_FAILED",
        reason: "Envoy did not accept its initial configuration"
      })
      const withOther = look(failed, "LIVE", { ...nothingAccepted, [rejected]: 1, [other]: 9 })
      assert.strictEqual(withOther.health.initialConfig, "UPDATE_FAILED")
      const healed = look(withOther, "LIVE", { ...nothingAccepted, [rejected]: 1, [accepted]: 1 })
      assert.deepInclude(healed.health, { status: "HEALTHY", initialConfig: "UPDATE_SUCCESSFUL" })
    })

    it(`is accepted at the first look after ${kind} were, however often they were rejected in between`, () => {
      shows("initial-config-repeated")
      const failed = look(fresh, "LIVE", { ...nothingAccepted, [other]: 1, [rejected]: 1 })
      const again = look(failed, "LIVE", { ...nothingAccepted, [other]: 1, [rejected]: 2000 })
      assert.strictEqual(again.health.status, "UNHEALTHY")
      const healed = look(again, "LIVE", { [other]: 1, [rejected]: 3999, [accepted]: 1 })
      assert.deepInclude(healed.health, { status: "HEALTHY", initialConfig: "UPDATE_SUCCESSFUL" })
    })

    it(`is accepted where ${kind} were rejected and accepted before Envoy was LIVE`, () => {
      shows("initial-config-repeated")
      const { health } = look(fresh, "LIVE", { ...nothingAccepted, [other]: 1, [rejected]: 7, [accepted]: 1 })
      assert.deepInclude(health, { status: "HEALTHY", initialConfig: "UPDATE_SUCCESSFUL" })
    })
  }

  it("fails where both are rejected, until both are accepted", () => {
    const both = { ...nothingAccepted, ldsUpdateRejected: 5, cdsUpdateRejected: 5 }
    const failed = look(fresh, "LIVE", both)
    const half = look(failed, "LIVE", { ...both, ldsUpdateSuccess: 1, cdsUpdateRejected: 90 })
    assert.strictEqual(half.health.initialConfig, "UPDATE_FAILED")
    const whole = look(half, "LIVE", { ...both, ldsUpdateSuccess: 1, cdsUpdateRejected: 99, cdsUpdateSuccess: 1 })
    assert.strictEqual(whole.health.status, "HEALTHY")
  })

  it("fails where a listener's port is in use, until an update without such a listener is accepted", () => {
    shows("initial-config", "initial-config-repeated")
    const failed = look(fresh, "LIVE", { ...nothingAccepted, listenerCreateFailure: 1, ldsUpdateRejected: 1 })
    assert.strictEqual(failed.health.initialConfig, "UPDATE_FAILED")
    const again = look(failed, "LIVE", { ...nothingAccepted, listenerCreateFailure: 3000, ldsUpdateRejected: 3000 })
    assert.strictEqual(again.health.initialConfig, "UPDATE_FAILED")
    const healed = look(again, "LIVE", { listenerCreateFailure: 3500, ldsUpdateRejected: 3500, ldsUpdateSuccess: 1 })
    assert.strictEqual(healed.health.status, "HEALTHY")
  })

  it("fails where a listener cannot be created after its update was accepted, until the next accepted update", () => {
    shows("initial-config")
    const failed = look(fresh, "LIVE", { listenerCreateFailure: 1 })
    assert.deepInclude(failed.health, {
      initialConfig: "UPDATE_FAILED",
      reason: "Envoy could not create a listener of its initial configuration"
    })
    assert.strictEqual(look(failed, "LIVE", { listenerCreateFailure: 1 }).health.initialConfig, "UPDATE_FAILED")
    const again = look(failed, "LIVE", { listenerCreateFailure: 2, ldsUpdateSuccess: 2 })
    assert.strictEqual(again.health.initialConfig, "UPDATE_FAILED")
    const rejected = look(again, "LIVE", { listenerCreateFailure: 3, ldsUpdateRejected: 1, ldsUpdateSuccess: 2 })
    assert.strictEqual(rejected.health.initialConfig, "UPDATE_FAILED")
    const healed = look(rejected, "LIVE", { listenerCreateFailure: 3, ldsUpdateRejected: 1, ldsUpdateSuccess: 3 })
    assert.strictEqual(healed.health.initialConfig, "UPDATE_SUCCESSFUL")
  })

  it("fails where none came in time and Envoy has no listener of its own, until the first update is accepted", () => {
    shows("initial-config-missing")
    const failed = look(fresh, "LIVE", nothingAccepted)
    assert.deepInclude(failed.health, {
      status: "UNHEALTHY",
      initialConfig: "UPDATE_FAILED",
      reason: "Envoy has received no configuration, and has no listener of its own"
    })
    const rejected = look(failed, "LIVE", { ...nothingAccepted, ldsUpdateRejected: 1 })
    assert.strictEqual(rejected.health.initialConfig, "UPDATE_FAILED")
    const accepted = look(rejected, "LIVE", { ldsUpdateRejected: 1, ldsUpdateSuccess: 1 })
    assert.deepInclude(accepted.health, { status: "HEALTHY", initialConfig: "UPDATE_SUCCESSFUL" })
  })

  it("need not come where Envoy has a listener of its own, or gets none from a server", () => {
    shows("initial-config-missing")
    for (const stats of [{ activeListeners: 1 }, { activeListeners: undefined }, { usesLds: false }]) {
      assert.strictEqual(look(fresh, "LIVE", { ...nothingAccepted, ...stats }).health.status, "HEALTHY")
    }
  })

  it("once successful, is not undone by a later failure", () => {
    const good = look(fresh, "LIVE", {})
    const later = look(good, "LIVE", { ldsUpdateRejected: 3 })
    assert.strictEqual(later.health.initialConfig, "UPDATE_SUCCESSFUL")
    assert.strictEqual(later.health.status, "HEALTHY")
  })
})

describe("the connection", () => {
  const disconnected = { connected: Option.some(false) }

  it("counts as lost since Envoy's start where there was none yet", () => {
    shows("disconnected-since-start")
    const { connection } = look(fresh, "LIVE", disconnected, startedAt + 5000).health
    assert.deepStrictEqual(connection, { _tag: "Disconnected", since: startedAt })
  })

  it("counts as lost since it was first seen lost, and for as long as it stays so", () => {
    const up = look(fresh, "LIVE", {})
    const down = look(up, "LIVE", disconnected, startedAt + 60_000)
    assert.deepStrictEqual(down.health.connection, { _tag: "Disconnected", since: startedAt + 60_000 })
    const still = look(down, "LIVE", disconnected, startedAt + 90_000)
    assert.deepStrictEqual(still.health.connection, { _tag: "Disconnected", since: startedAt + 60_000 })
    assert.strictEqual(still.health.status, "HEALTHY")
    assert.deepStrictEqual(look(still, "LIVE", {}).health.connection, { _tag: "Connected" })
  })

  it("makes Envoy UNHEALTHY when it is lost for the whole time-out", () => {
    const since = startedAt + 60_000
    const down = look(look(fresh, "LIVE", {}), "LIVE", disconnected, since)
    assert.strictEqual(look(down, "LIVE", disconnected, since + 3_599_999).health.status, "HEALTHY")
    assert.strictEqual(look(down, "LIVE", disconnected, since + 3_600_000).health.status, "UNHEALTHY")
  })

  it("keeps its state while the stats do not answer", () => {
    const up = look(fresh, "LIVE", {})
    assert.deepStrictEqual(look(up, undefined, undefined).health.connection, { _tag: "Connected" })
  })

  it("is not considered without ADS, nor where the rules say so", () => {
    shows("no-ads")
    const none = { connected: Option.none<boolean>() }
    assert.deepStrictEqual(look(fresh, "LIVE", none).health.connection, { _tag: "NotConsidered" })
    assert.strictEqual(look(fresh, "LIVE", none).health.status, "HEALTHY")
    const relay = { ...rules, considersConnection: false }
    const { health } = look(atStart(false, startedAt), "LIVE", disconnected, startedAt + 9_999_999, relay)
    assert.deepStrictEqual(health.connection, { _tag: "NotConsidered" })
    assert.strictEqual(health.status, "HEALTHY")
  })
})

describe("health", () => {
  it("is never better than Envoy's own state", () => {
    const good = look(fresh, "LIVE", {})
    for (const state of ["DRAINING", "INITIALIZING", "PRE_INITIALIZING", undefined] as const) {
      const { health } = look(good, state, {})
      assert.strictEqual(health.status, "UNHEALTHY")
      assert.strictEqual(health.envoyState, state ?? "UNREACHABLE")
    }
  })

  it("is withProcessState by what is known of the process", () => {
    const { health } = withProcessState(look(fresh, "LIVE", {}), "DRAINING", "because")
    assert.deepInclude(health, { status: "UNHEALTHY", envoyState: "DRAINING", reason: "because", initialized: true })
  })
})
