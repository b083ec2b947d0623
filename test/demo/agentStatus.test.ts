import http from "node:http"
import { describe, expect, it, onTestFinished } from "vitest"
import { describeProblem, waitUntilHealthy } from "../../demo/agentStatus.ts"
import { freePort } from "../e2e/agent.ts"

/** Starts a management API with these answers and returns its port. */
const serving = async (answers: Readonly<Record<string, string>>): Promise<number> => {
  const server = http.createServer(({ url = "" }, response) => response.end(answers[url]))
  const port = await freePort()
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done))
  onTestFinished(() => void server.close())
  return port
}

describe("describeProblem", () => {
  it("returns the reason, Envoy's state, and the problem of the management server", async () => {
    const status = {
      healthStatus: "UNHEALTHY",
      envoyState: "PRE_INITIALIZING",
      managementServerConnectionStatus: "NOT_CONNECTED",
      managementServerProblem: "127.0.0.1:1 refuses connections"
    }
    const port = await serving({
      "/status": JSON.stringify(status),
      "/ready": "UNHEALTHY: Envoy is PRE_INITIALIZING\n"
    })
    expect(await describeProblem(port)).toEqual([
      "UNHEALTHY: Envoy is PRE_INITIALIZING",
      "envoyState: PRE_INITIALIZING",
      "managementServerConnectionStatus: NOT_CONNECTED",
      "managementServerProblem: 127.0.0.1:1 refuses connections"
    ])
  })

  it("reports an agent that does not answer, or not in JSON", async () => {
    expect(await describeProblem(await freePort())).toEqual(["The agent does not answer."])
    expect(await describeProblem(await serving({ "/status": "<html>" }))).toEqual(["The agent does not answer."])
  })
})

describe("waitUntilHealthy", () => {
  const healthy = { healthStatus: "HEALTHY", envoyState: "LIVE", envoyPid: `${process.pid}` }

  it("returns the status, or undefined once the signal is aborted", async () => {
    const port = await serving({ "/status": JSON.stringify(healthy) })
    expect(await waitUntilHealthy(port, process.ppid, new AbortController().signal, () => {})).toEqual(healthy)
    expect(await waitUntilHealthy(port, process.ppid, AbortSignal.abort(), () => {})).toBe(undefined)
  })

  it("ignores the answer of another agent", async () => {
    const port = await serving({ "/status": JSON.stringify(healthy) })
    const controller = new AbortController()
    let answers = 0
    const status = await waitUntilHealthy(port, 1, controller.signal, () => {
      answers += 1
      if (answers === 2) controller.abort()
    })
    expect(status).toBe(undefined)
  })
})
