import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { type Agent, ask, envoyPath, eventually, freePort, privateFolder, startAgent } from "./agent.ts"
import { answering, controlPlaneIn, serviceConnect } from "./mesh.ts"

const adminOn = (port: number) =>
  `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }\n`

/** An Envoy that no agent watches, as a killed one may leave behind; it is LIVE. */
const startOrphan = async (bootstrap: string, admin: string): Promise<ChildProcess> => {
  const output = openSync("/dev/null", "w")
  const words = ["-c", bootstrap, "--disable-hot-restart", "--concurrency", "1"]
  const child = spawn(envoyPath, words, { stdio: ["ignore", output, output] })
  closeSync(output)
  const exited = new Promise((done) => child.once("exit", done))
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await exited
  })
  await eventually(async () => (await ask(admin, "/ready")).body === "LIVE\n", "the orphan to be LIVE")
  return child
}

const post = (agent: Agent, path: string) =>
  ask(agent.address, path, { method: "POST", headers: { "content-length": "0" } })

/** Sees that the agent passes nothing on to the other program, and says why. */
const expectRefusals = async (agent: Agent, reason: RegExp) => {
  for (const answer of [
    await post(agent, "/drain_listeners"),
    await post(agent, "/enableLogging?level=debug"),
    await ask(agent.address, "/stats/prometheus")
  ]) {
    expect([answer.status, answer.body]).toEqual([502, expect.stringMatching(reason)])
  }
}

/** Every status that the agent reports until this many seconds are over. */
const watch = async (agent: Agent, seconds: number) => {
  const seen = new Set<string>()
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    const { envoyState, healthStatus } = await agent.status()
    seen.add(`${healthStatus} ${envoyState}`)
    await new Promise((done) => setTimeout(done, 10))
  }
  return [...seen]
}

describe("another program at the address of Envoy's admin", () => {
  it.each(["generated", "custom"])(
    "is not taken for the agent's Envoy while that starts (%s bootstrap)",
    async (kind) => {
      shows("own-envoy")
      const folder = privateFolder()
      const port = await freePort()
      const admin = `http://127.0.0.1:${port}`
      writeFileSync(`${folder}/own.yaml`, adminOn(port))
      const orphan = await startOrphan(`${folder}/own.yaml`, admin)
      // The real Envoy, late.
      writeFileSync(`${folder}/envoy`, `#!/bin/sh\n[ "$1" = --version ] || sleep 3\nexec ${envoyPath} "$@"\n`, {
        mode: 0o755
      })
      const agent = await startAgent({
        folder,
        environment: {
          ...serviceConnect(folder),
          ENVOY_ADMIN_ACCESS_PORT: `${port}`,
          APPNET_ENVOY_PATH: `${folder}/envoy`,
          ...(kind === "custom" ? { ENVOY_CONFIG_FILE: `${folder}/own.yaml` } : {})
        }
      })
      const other = `another program (pid ${orphan.pid}, envoy) listens on the address of Envoy's admin, 127.0.0.1:${port}`
      await eventually(async () => (await agent.status()).reason === other, "the reason")
      await expectRefusals(agent, new RegExp(`^${other.replace(/[().]/g, "\\$&")}\n$`))
      expect((await ask(agent.address, "/ready")).body).toBe(`UNHEALTHY: ${other}\n`)
      expect(await watch(agent, 1)).toEqual(["UNHEALTHY UNREACHABLE"])
      // Envoy cannot listen, and ends by itself.
      expect((await agent.exited).code).toBe(1)
      const lines = agent
        .stderr()
        .split("\n")
        .filter((line) => line.includes(`(pid ${orphan.pid}, envoy)`))
      expect(lines).toEqual([expect.stringContaining("[warning] [AppNet Agent] another program")])
      const { body } = await ask(admin, "/logging", { method: "POST" })
      expect(body).not.toContain("debug")
      expect((await ask(admin, "/ready")).body).toBe("LIVE\n")
    }
  )

  it("is named while Envoy waits for its restart", async () => {
    shows("own-envoy")
    const folder = privateFolder()
    const port = await freePort()
    writeFileSync(`${folder}/other.yaml`, adminOn(port))
    const orphan = await startOrphan(`${folder}/other.yaml`, `http://127.0.0.1:${port}`)
    const agent = await startAgent({
      folder,
      environment: {
        ...serviceConnect(folder),
        ENVOY_ADMIN_ACCESS_PORT: `${port}`,
        APPNET_ENVOY_RESTART_COUNT: "10"
      }
    })
    const { envoyState, healthStatus } = await eventually(async () => {
      const status = await agent.status()
      return status.reason?.startsWith("Envoy ended with exit code 1, and another program") && status
    }, "the reason")
    expect([healthStatus, envoyState]).toEqual(["UNHEALTHY", "UNREACHABLE"])
    expect(await watch(agent, 2)).toEqual(["UNHEALTHY UNREACHABLE"])
    await expectRefusals(agent, /another program \(pid \d+, envoy\) listens on the address of Envoy's admin/)
    await controlPlaneIn(folder, { listeners: [answering(await freePort(), "served")] })
    orphan.kill("SIGKILL")
    await agent.until({ healthStatus: "HEALTHY", envoyState: "LIVE" })
  })

  it("may be no Envoy at all, and never answer", async () => {
    shows("own-envoy")
    const folder = privateFolder()
    const port = await freePort()
    const silent = net.createServer(() => undefined).listen(port, "127.0.0.1")
    onTestFinished(() => void silent.close())
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\n[ "$1" = --version ] || exec sleep 1000\n`, { mode: 0o755 })
    const agent = await startAgent({
      folder,
      environment: {
        ...serviceConnect(folder),
        ENVOY_ADMIN_ACCESS_PORT: `${port}`,
        APPNET_ENVOY_PATH: `${folder}/envoy`
      }
    })
    const reason = new RegExp(`^another program \\(pid ${process.pid}, .*\\) listens on the address of Envoy's admin`)
    await eventually(async () => reason.test((await agent.status()).reason ?? ""), "the reason")
    await expectRefusals(agent, reason)
  })

  it("that replaces the socket of its admin makes the agent UNHEALTHY, and is asked nothing", async () => {
    shows("own-envoy")
    const folder = privateFolder()
    const admin = { ENVOY_ADMIN_MODE: "uds", APPNET_ENVOY_ADMIN_UDS_PATH: `${folder}/admin.sock` }
    await controlPlaneIn(folder, { listeners: [answering(await freePort(), "by both")] })
    const first = await startAgent({ folder, environment: { ...serviceConnect(folder), ...admin } })
    await first.until({ healthStatus: "HEALTHY" })
    rmSync(`${folder}/admin.sock`)
    const other = net.createServer().listen(`${folder}/admin.sock`)
    onTestFinished(() => void other.close())
    const reason = `another program has replaced the socket of Envoy's admin, ${folder}/admin.sock`
    await first.until({ healthStatus: "UNHEALTHY", reason })
    await expectRefusals(first, /^another program has replaced the socket of Envoy's admin/)
    expect(first.stderr()).toContain(`[warning] [AppNet Agent] ${reason}`)
  })
})

describe("the socket of Envoy's admin", () => {
  it("is not taken from an Envoy that listens on it: the second agent ends, and the first is none the worse", async () => {
    shows("not-theirs")
    const folder = privateFolder()
    const path = `${folder}/admin.sock`
    const admin = { ENVOY_ADMIN_MODE: "uds", APPNET_ENVOY_ADMIN_UDS_PATH: path }
    await controlPlaneIn(folder, { listeners: [answering(await freePort(), "by one")] })
    const first = await startAgent({ folder, environment: { ...serviceConnect(folder), ...admin } })
    await first.until({ healthStatus: "HEALTHY" })
    const second = await startAgent({ folder, environment: { ...serviceConnect(folder), ...admin } })
    expect((await second.exited).code).toBe(1)
    expect(second.stderr()).toContain(
      `: ${path} (APPNET_ENVOY_ADMIN_UDS_PATH) is a socket on which a process listens, which Envoy would replace: stop that process, or choose another path`
    )
    expect((await first.status()).healthStatus).toBe("HEALTHY")
  })

  it("takes no file's place, neither at the start nor at a restart", async () => {
    shows("not-theirs")
    const folder = privateFolder()
    const path = `${folder}/admin.sock`
    const environment = {
      ...serviceConnect(folder),
      ENVOY_ADMIN_MODE: "uds",
      APPNET_ENVOY_ADMIN_UDS_PATH: path,
      APPNET_ENVOY_RESTART_COUNT: "1"
    }
    await controlPlaneIn(folder, { listeners: [answering(await freePort(), "by one")] })
    writeFileSync(path, "precious")
    const refused = await startAgent({ folder, environment })
    expect((await refused.exited).code).toBe(1)
    expect(refused.stderr()).toContain(`APPNET_ENVOY_ADMIN_UDS_PATH=${path} is a file, which a socket would replace`)
    expect(readFileSync(path, "utf8")).toBe("precious")

    rmSync(path)
    const agent = await startAgent({ folder, environment })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    rmSync(path)
    writeFileSync(path, "precious")
    process.kill(Number(envoyPid), "SIGKILL")
    await agent.exited
    expect(agent.stderr()).toContain(`${path} (APPNET_ENVOY_ADMIN_UDS_PATH) is a file, which Envoy would replace`)
    expect(readFileSync(path, "utf8")).toBe("precious")
  })
})
