import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { ask, eventually, filesIn, isAlive, privateFolder, processesOf, startAgent } from "./agent.ts"
import { serviceConnect } from "./mesh.ts"
import { startServing } from "./serving.ts"

describe("a stop", () => {
  for (const signal of ["SIGTERM", "SIGQUIT", "SIGINT", "SIGHUP"] as const) {
    it(`on ${signal} ends with exit code 0 and leaves nothing`, async () => {
      shows("stop-signals", "exit-0-signal")
      const { agent } = await startServing()
      const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
      agent.child.kill(signal)
      expect(await agent.exited).toEqual({ code: 0, signal: null })
      expect(isAlive(Number(envoyPid))).toBe(false)
      expect(processesOf(agent.folder)).toEqual([])
      expect(filesIn(agent.folder)).toEqual(["own-envoy.yaml"])
    })
  }

  it("waits for an open connection, and reports DRAINING meanwhile", async () => {
    shows("LISTENER_DRAIN_WAIT_TIME_S", "draining-status", "drain-until-idle")
    const { agent, admin, listener } = await startServing({ environment: { LISTENER_DRAIN_WAIT_TIME_S: "60" } })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    const net = await import("node:net")
    const connection = net.connect(Number(new URL(listener).port), "127.0.0.1")
    onTestFinished(() => void connection.destroy())
    await eventually(
      async () =>
        (await ask(admin, "/stats?filter=downstream_cx_active")).body.includes(
          `127.0.0.1_${new URL(listener).port}.downstream_cx_active: 1`
        ),
      "the connection in Envoy's stats"
    )
    agent.child.kill("SIGTERM")
    const status = await agent.until({ envoyState: "DRAINING", healthStatus: "UNHEALTHY" })
    expect(status.envoyPid).toBe(envoyPid)
    expect((await ask(agent.address, "/ready")).status).toBe(503)
    expect((await ask(agent.address, "/live")).status).toBe(200)
    expect(isAlive(Number(envoyPid))).toBe(true)
    connection.destroy()
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(agent.stderr()).toContain("no connection is left")
  })

  it("does not wait after a second signal", async () => {
    shows("LISTENER_DRAIN_MIN_WAIT_TIME_S", "second-signal")
    const environment = { LISTENER_DRAIN_WAIT_TIME_S: "110", LISTENER_DRAIN_MIN_WAIT_TIME_S: "110" }
    const { agent } = await startServing({ environment })
    await agent.until({ healthStatus: "HEALTHY" })
    agent.child.kill("SIGTERM")
    await agent.until({ envoyState: "DRAINING" })
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
  })

  it("ends all processes that a script in Envoy's place has started", async () => {
    const folder = privateFolder()
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\ntouch ${folder}/up\nsleep 300\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` }
    })
    await eventually(() => existsSync(`${folder}/up`), "the script")
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    await eventually(() => processesOf(folder).length === 0, "nothing is left")
  })

  it("during start-up ends at once", async () => {
    shows("signal-at-start")
    const { agent } = await startServing({ environment: { LISTENER_DRAIN_MIN_WAIT_TIME_S: "20" } })
    await eventually(() => agent.stderr().includes("[AppNet Agent]"), "the first line of the log")
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(processesOf(agent.folder)).toEqual([])
  })

  it("before the agent has loaded its code ends at once, and leaves no `envoy --version` running", async () => {
    const folder = privateFolder()
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\ntouch ${folder}/asked\nexec sleep 100\n`, { mode: 0o755 })
    const agent = await startAgent({
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` }
    })
    await eventually(() => existsSync(`${folder}/asked`), "the question for the version")
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(agent.stderr()).toContain("stopped before Envoy was started")
    await eventually(() => processesOf(agent.folder).length === 0, "no process is left")
  })

  it("while Envoy crashes again and again ends at once", async () => {
    shows("signal-at-start")
    const folder = privateFolder()
    writeFileSync(`${folder}/envoy`, "#!/bin/sh\nexit 3\n", { mode: 0o755 })
    const { agent } = await startServing({
      environment: { APPNET_ENVOY_PATH: `${folder}/envoy`, APPNET_ENVOY_RESTART_COUNT: "10" }
    })
    await eventually(() => (agent.stderr().match(/ended with exit code 3/g)?.length ?? 0) >= 4, "four crashes")
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
  })

  it("kills an Envoy that ignores SIGTERM", async () => {
    shows("kill-after-3s")
    const folder = privateFolder()
    // The shell ignores SIGTERM; the `sleep` that it started has to end as well.
    writeFileSync(
      `${folder}/envoy`,
      `#!/bin/sh\n[ "$1" = --version ] && exit\ntrap '' TERM\ntouch ${folder}/up\nwhile :; do sleep 0.1; done\n`,
      {
        mode: 0o755
      }
    )
    const { agent } = await startServing({ environment: { APPNET_ENVOY_PATH: `${folder}/envoy` } })
    await eventually(() => existsSync(`${folder}/up`), "the stubborn Envoy")
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(agent.stderr()).toContain("did not end within 3 s of SIGTERM: killing it")
    await eventually(() => processesOf(agent.folder).length === 0, "no process is left")
  })

  it("by Ctrl-C on a terminal drains: Envoy is in another session and does not get the signal", async () => {
    const { agent } = await startServing()
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    const session = (pid: number) => readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[2]
    expect(session(Number(envoyPid))).not.toBe(session(agent.pid))
  })
})
