import { execFileSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { ask, eventually, filesIn, privateFolder, processesOf, startAgent } from "./agent.ts"
import { serviceConnect } from "./mesh.ts"
import { startServing } from "./serving.ts"

describe("supervision", () => {
  it("restarts a killed Envoy five times, counts the restarts, and then exits as Envoy did", async () => {
    shows("APPNET_ENVOY_RESTART_COUNT", "exit-envoy-signal", "no-command")
    const { agent, listener } = await startServing({ environment: { APPNET_ENVOY_RESTART_COUNT: "5" } })
    for (let restarts = 0; restarts <= 5; restarts += 1) {
      const status = await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: `${restarts}` }, 40)
      expect((await ask(listener, "/")).body).toBe("served")
      process.kill(Number(status.envoyPid), "SIGKILL")
    }
    expect(await agent.exited).toEqual({ code: 137, signal: null })
    expect(agent.stderr()).toContain("Envoy ended with signal SIGKILL and no restart is left")
    expect(processesOf(agent.folder)).toEqual([])
    expect(filesIn(agent.folder)).toEqual(["own-envoy.yaml"])
  })

  it("reports a stopped process as UNREACHABLE, and as HEALTHY again when it continues", async () => {
    const { agent } = await startServing()
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    process.kill(Number(envoyPid), "SIGSTOP")
    await agent.until({ healthStatus: "UNHEALTHY", envoyState: "UNREACHABLE" })
    expect((await ask(agent.address, "/ready")).status).toBe(503)
    expect((await ask(agent.address, "/live")).status).toBe(200)
    process.kill(Number(envoyPid), "SIGCONT")
    const healed = await agent.until({ healthStatus: "HEALTHY", envoyState: "LIVE" })
    expect(healed.envoyPid).toBe(envoyPid)
    expect(healed.envoyRestartCount).toBe("0")
  })

  it("logs every change of health once", async () => {
    const { agent } = await startServing({ environment: { APPNET_ENVOY_RESTART_COUNT: "1" } })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    process.kill(Number(envoyPid), "SIGKILL")
    await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    const count = (pattern: RegExp) => agent.stderr().match(pattern)?.length ?? 0
    await eventually(() => count(/\[AppNet Agent\] HEALTHY/g) >= 2, "a line about the restart")
    expect(count(/\[AppNet Agent\] HEALTHY/g)).toBe(2)
    expect(count(/UNHEALTHY \(Envoy UNREACHABLE.*signal SIGKILL/g)).toBe(1)
  })

  it("an Envoy that is missing or cannot be executed is a clear error", async () => {
    shows("APPNET_ENVOY_PATH")
    const { agent } = await startServing({ environment: { APPNET_ENVOY_PATH: "/nonexistent/envoy" } })
    expect(await agent.exited).toEqual({ code: 1, signal: null })
    expect(agent.stderr()).toContain("/nonexistent/envoy does not exist. Set APPNET_ENVOY_PATH")

    const folder = privateFolder()
    writeFileSync(`${folder}/envoy`, "not a program", { mode: 0o755 })
    const broken = await startServing({ environment: { APPNET_ENVOY_PATH: `${folder}/envoy` } })
    expect((await broken.agent.exited).code).not.toBe(0)
    expect(broken.agent.stderr()).toMatch(/\[(error|critical)\] \[AppNet Agent\]/)
  })

  it("starts Envoy again where a cleaner has removed everything of the agent's meanwhile", async () => {
    shows("remade-for-each-start")
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_RESTART_COUNT: "1" }
    })
    const { envoyPid } = await agent.until({ envoyState: "PRE_INITIALIZING" })
    for (const name of filesIn(folder)) rmSync(`${folder}/${name}`, { recursive: true })
    process.kill(Number(envoyPid), "SIGKILL")
    await agent.until({ envoyState: "PRE_INITIALIZING", envoyRestartCount: "1" })
    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(filesIn(folder)).toEqual([])
  })

  it("starts Envoy again once the agent has a file descriptor left, and serves its API meanwhile", async () => {
    shows("failed-start")
    const { agent, listener } = await startServing({ environment: { APPNET_ENVOY_RESTART_COUNT: "10" } })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    const limit = (soft: number) => execFileSync("prlimit", ["--pid", `${agent.pid}`, `--nofile=${soft}:`])
    // Those that are open stay open.
    limit(3)
    process.kill(Number(envoyPid), "SIGKILL")
    await eventually(() => agent.stderr().includes("could not be started again"), "a start that fails")
    // Connections wait or are refused meanwhile: neither ends the agent.
    for (const _ of [1, 2, 3]) await ask(agent.address, "/live", { timeout: 200 }).catch(() => undefined)
    limit(1024)
    const status = await agent.until({ healthStatus: "HEALTHY" })
    expect(Number(status.envoyRestartCount)).toBeGreaterThan(1)
    expect((await ask(listener, "/")).body).toBe("served")
  })

  it("raises the soft limit of open files to the hard limit", async () => {
    shows("open-files")
    const { agent } = await startServing()
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    const [, soft, hard] = /Max open files\s+(\d+)\s+(\d+)/.exec(readFileSync(`/proc/${envoyPid}/limits`, "utf8")) ?? []
    expect(soft).toBe(hard)
  })

  it("keeps the API's token out of Envoy's environment", async () => {
    shows("token-kept")
    const { agent } = await startServing({ environment: { APPNET_AGENT_ADMIN_TOKEN: "do-not-tell" } })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(readFileSync(`/proc/${envoyPid}/environ`, "latin1")).not.toContain("do-not-tell")
  })

  it("keeps AWS credentials out of Envoy's environment, unless its bootstrap is the user's own", async () => {
    shows("credentials-kept")
    const key = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "do-not-tell", AWS_REGION: "us-west-2" }
    const folder = privateFolder()
    const agent = await startAgent({ folder, environment: { ...serviceConnect(folder), ...key } })
    const { envoyPid } = await agent.until({ envoyState: "PRE_INITIALIZING" })
    const environment = readFileSync(`/proc/${envoyPid}/environ`, "latin1")
    expect(environment).toContain("AWS_REGION=us-west-2")
    expect(environment).not.toMatch(/do-not-tell|AWS_ACCESS_KEY_ID/)
    const { agent: own } = await startServing({ environment: key })
    const { envoyPid: ownPid } = await own.until({ healthStatus: "HEALTHY" })
    expect(readFileSync(`/proc/${ownPid}/environ`, "latin1")).toContain("AWS_SECRET_ACCESS_KEY=do-not-tell")
  })

  it("restarts an Envoy with hot restart on, under a base id that is free", async () => {
    shows("DISABLE_HOT_RESTART", "hot-restart-arguments")
    const environment = { DISABLE_HOT_RESTART: "false", APPNET_ENVOY_RESTART_COUNT: "1" }
    const [first, second] = await Promise.all([startServing({ environment }), startServing({ environment })])
    const { envoyPid } = await first.agent.until({ healthStatus: "HEALTHY" })
    await second.agent.until({ healthStatus: "HEALTHY" })
    const words = readFileSync(`/proc/${envoyPid}/cmdline`, "latin1").replaceAll("\0", " ")
    expect(words).toMatch(/--base-id \d+ --restart-epoch 0 --parent-shutdown-time-s 25 $/)
    expect(words).not.toContain("--disable-hot-restart")
    process.kill(Number(envoyPid), "SIGKILL")
    await first.agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    for (const { agent } of [first, second]) agent.child.kill("SIGTERM")
    expect(await first.agent.exited).toEqual({ code: 0, signal: null })
    expect(await second.agent.exited).toEqual({ code: 0, signal: null })
  })
})
