import { assert, describe, it } from "@effect/vitest"
import { statusBody, verboseFields } from "../../../../src/layers/management/server/statusBody.ts"
import type { Health } from "../../../../src/services/HealthMonitor.ts"
import { shows } from "../../../shows.ts"

const healthy: Health = {
  status: "HEALTHY",
  reason: "all is well",
  envoyState: "LIVE",
  connection: { _tag: "Connected" },
  initialConfig: "UPDATE_SUCCESSFUL",
  initialized: true
}

describe("the body of /status", () => {
  it("has every field of a connected Envoy, as strings", () => {
    shows("status-fields")
    assert.deepStrictEqual(statusBody({ health: healthy, uptime: 12_999, pid: 123, restarts: 2 }), {
      healthStatus: "HEALTHY",
      agentUptime: "12s",
      envoyPid: "123",
      envoyState: "LIVE",
      envoyRestartCount: "2",
      managementServerConnectionStatus: "CONNECTED",
      envoyReadinessState: "INITIALIZED",
      initialConfigUpdateStatus: "UPDATE_SUCCESSFUL",
      reason: "all is well"
    })
  })

  it("has the reason and the problem after the documented fields", () => {
    shows("status-reason")
    const health: Health = { ...healthy, connection: { _tag: "Disconnected", since: 0 } }
    const body = statusBody({ health, uptime: 0, pid: 1, restarts: 0, problem: "nothing listens" })
    assert.deepStrictEqual(Object.entries(body).slice(-2), [
      ["reason", "all is well"],
      ["managementServerProblem", "nothing listens"]
    ])
  })

  it("has the time of a disconnection in RFC 3339", () => {
    shows("status-fields")
    const health: Health = {
      ...healthy,
      connection: { _tag: "Disconnected", since: Date.UTC(2026, 0, 31, 12, 0, 0, 789) }
    }
    const body = statusBody({ health, uptime: 0, pid: 1, restarts: 0 })
    assert.strictEqual(body.managementServerConnectionStatus, "NOT_CONNECTED")
    assert.strictEqual(body.managementServerDisconnectedTimestamp, "2026-01-31T12:00:00Z")
  })

  it("has the state and restarts of a local relay", () => {
    shows("local-relay-watched")
    const localRelay = { envoyState: "INITIALIZING", restarts: 2 } as const
    const body = statusBody({ health: healthy, uptime: 0, pid: 1, restarts: 0, localRelay })
    assert.deepInclude(body, { localRelayEnvoyState: "INITIALIZING", localRelayEnvoyRestartCount: "2" })
    assert.deepInclude(body, { envoyPid: "1", envoyRestartCount: "0" })
  })

  it("leaves out what is unknown or not considered", () => {
    shows("no-ads")
    const health: Health = {
      ...healthy,
      connection: { _tag: "NotConsidered" },
      initialConfig: "UNDECIDED",
      initialized: false
    }
    assert.deepStrictEqual(Object.keys(statusBody({ health, uptime: 0, pid: undefined, restarts: 0 })), [
      "healthStatus",
      "agentUptime",
      "envoyPid",
      "envoyState",
      "envoyRestartCount",
      "envoyReadinessState",
      "reason"
    ])
  })
})

describe("the verbose fields", () => {
  it("have the rejected update, and what Envoy does not say of it is absent", () => {
    shows("rejected-update")
    const rejected = {
      type: "t",
      resource: "ingress",
      reason: "no",
      since: Date.UTC(2026, 0, 31, 12),
      count: 3,
      isOrderKnown: true
    }
    assert.deepStrictEqual(verboseFields({ rejected }), {
      rejectedUpdate: { type: "t", resource: "ingress", reason: "no", since: "2026-01-31T12:00:00Z", count: "3" }
    })
    const bare = { ...rejected, resource: undefined, reason: undefined }
    assert.deepStrictEqual(Object.keys(verboseFields({ rejected: bare }).rejectedUpdate ?? {}), [
      "type",
      "since",
      "count"
    ])
    const unclear = verboseFields({ rejected: { ...rejected, isOrderKnown: false } })
    assert.strictEqual(unclear.rejectedUpdate?.superseded, "unknown")
    assert.deepStrictEqual(verboseFields({ rejected: undefined }), {})
  })
})
