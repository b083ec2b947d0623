import { writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { ask, eventually, freePort, privateFolder } from "./agent.ts"
import { startServing } from "./serving.ts"

describe("a signal that asks for nothing", () => {
  /** Whether anybody listens on this port, where Node's debugger would. */
  const isDebuggerOpen = (port: string) =>
    ask(`http://127.0.0.1:${port}`, "/json").then(
      () => true,
      () => false
    )
  for (const byFile of [false, true]) {
    it(`neither ends an agent that is started by ${byFile ? "its file" : "node"} nor opens a debugger`, async () => {
      shows("ignored-signals")
      const debugPort = `${await freePort()}`
      const { agent } = await startServing({ byFile, environment: { NODE_OPTIONS: `--inspect-port=${debugPort}` } })
      const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
      for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
        agent.child.kill(signal)
        agent.child.kill(signal)
      }
      await eventually(() => agent.stderr().includes("SIGUSR2: the agent does nothing"), "a line about it")
      expect((await agent.status()).envoyPid).toBe(envoyPid)
      expect(await isDebuggerOpen(debugPort)).toBe(false)
      expect(agent.stderr()).not.toContain("Debugger")
      agent.child.kill("SIGTERM")
      expect(await agent.exited).toEqual({ code: 0, signal: null })
    })
  }

  it("leaves no debugger open that Node opened before the agent could take the signal, and says so", async () => {
    shows("ignored-signals")
    const debugPort = `${await freePort()}`
    const folder = privateFolder()
    // Runs in the agent's process before its first statement.
    writeFileSync(`${folder}/early.cjs`, 'process.kill(process.pid, "SIGUSR1")')
    const environment = { NODE_OPTIONS: `--inspect-port=${debugPort} --require ${folder}/early.cjs` }
    const { agent } = await startServing({ environment })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(agent.stderr()).toContain("Debugger listening on")
    await eventually(() => agent.stderr().includes("SIGUSR1 opened Node's debugger"), "a warning")
    expect(await isDebuggerOpen(debugPort)).toBe(false)
    agent.child.kill("SIGUSR1")
    await agent.until({ healthStatus: "HEALTHY", envoyPid: `${envoyPid}` })
    expect(await isDebuggerOpen(debugPort)).toBe(false)
  })
})
