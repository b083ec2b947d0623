import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, privateFolder, runAgent } from "./agent.ts"
import { startServing } from "./serving.ts"

describe("readiness", () => {
  for (const mode of ["tcp", "uds"]) {
    it(`is reported over ${mode}, by the command and by the old flag`, async () => {
      shows("APPNET_AGENT_ADMIN_MODE", "APPNET_AGENT_ADMIN_UDS_PATH", "ready-polls", "ready-reason", "old-flags")
      const socket = `${privateFolder()}/api.sock`
      const { agent } = await startServing({
        environment: { APPNET_AGENT_ADMIN_MODE: mode, APPNET_AGENT_ADMIN_UDS_PATH: socket }
      })
      for (const words of [
        ["ready", "--interval", "1", "--timeout", "20"],
        ["-envoyReadiness"],
        ["ready", "--timeout", "0"]
      ]) {
        expect(await runAgent(words, agent.environment)).toMatchObject({ code: 0, stderr: "" })
      }
      process.kill(await agent.envoyPid(), "SIGSTOP")
      const { reason } = await agent.until({ healthStatus: "UNHEALTHY" })
      const late = await runAgent(["ready", "--timeout", "0"], agent.environment)
      expect(late.code).toBe(1)
      expect(late.stderr).toBe(`UNHEALTHY: ${reason}\n`)
      expect(reason).toContain("no answer in 2 seconds")
    })
  }

  it("is an error if no API is configured, or if no agent answers", async () => {
    shows("ready-not-served")
    const environment = await agentEnvironment(privateFolder())
    const nobody = await runAgent(["ready", "--timeout", "0"], environment)
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("ECONNREFUSED") })
    const { APPNET_AGENT_ADMIN_MODE: _, ...without } = environment
    const nothing = await runAgent(["ready", "--timeout", "0"], without)
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining("APPNET_AGENT_ADMIN_MODE is not set") })
  })
})
