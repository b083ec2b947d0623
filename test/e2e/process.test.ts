import { execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import {
  type AgentOptions,
  agentEnvironment,
  agentFile,
  ask,
  eventually,
  filesIn,
  freePort,
  isAlive,
  privateFolder,
  processesOf,
  runAgent,
  startAgent
} from "./agent.ts"
import { writeStaticBootstrap } from "./bootstraps.ts"
import { serviceConnect } from "./mesh.ts"

/** Starts an agent whose Envoy has one static listener. */
const startServing = async (options: AgentOptions = {}) => {
  const folder = privateFolder()
  const listenerPort = await freePort()
  const adminPort = `${await freePort()}`
  const file = writeStaticBootstrap(folder, { adminPort, listenerPort })
  const agent = await startAgent({
    ...options,
    folder,
    environment: { ENVOY_CONFIG_FILE: file, ...options.environment }
  })
  return { agent, file, listener: `http://127.0.0.1:${listenerPort}`, admin: `http://127.0.0.1:${adminPort}` }
}

describe("a custom bootstrap", () => {
  it("is used unchanged, and the agent uses the admin address in it", async () => {
    shows("ENVOY_CONFIG_FILE", "own-file", "no-ads")
    const { agent, listener } = await startServing()
    const status = await agent.until({ healthStatus: "HEALTHY", envoyState: "LIVE" })
    expect((await ask(listener, "/")).body).toBe("served")
    // Without ADS in the bootstrap no connection is reported.
    expect(status).not.toHaveProperty("managementServerConnectionStatus")
    expect(status.initialConfigUpdateStatus).toBe("UPDATE_SUCCESSFUL")
  })

  it("without an admin address is an error that says what to add", async () => {
    shows("exit-1-bootstrap")
    const folder = privateFolder()
    writeFileSync(`${folder}/own.yaml`, "static_resources: {}\n")
    const environment = { ...(await agentEnvironment(folder)), ENVOY_CONFIG_FILE: `${folder}/own.yaml` }
    const { code, stderr } = await runAgent([], environment)
    expect(code).toBe(1)
    expect(stderr).toContain(`ENVOY_CONFIG_FILE=${folder}/own.yaml: line 1, column 1: no admin address`)
  })

  it("that is not YAML is an error with line and column", async () => {
    const folder = privateFolder()
    writeFileSync(`${folder}/own.yaml`, "admin:\n  address: [unclosed\n")
    const environment = { ...(await agentEnvironment(folder)), ENVOY_CONFIG_FILE: `${folder}/own.yaml` }
    const { code, stderr } = await runAgent([], environment)
    expect(code).toBe(1)
    expect(stderr).toMatch(/own\.yaml: line 3, column 1: /)
  })
})

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

describe("a stop", () => {
  for (const signal of ["SIGTERM", "SIGQUIT", "SIGINT"] as const) {
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

describe("an agent that is killed", () => {
  it("takes Envoy with it, and the next start removes its files", async () => {
    shows("dies-with-agent")
    const folder = privateFolder()
    const endpoint = { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    const killed = await startAgent({ folder, environment: endpoint })
    const { envoyPid } = await killed.until({ envoyState: "PRE_INITIALIZING" })
    expect(filesIn(folder)).toEqual([expect.stringMatching(/bootstrap\.json$/)])
    killed.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    const next = await startAgent({ folder, environment: endpoint })
    await next.until({ envoyState: "PRE_INITIALIZING" })
    expect(filesIn(folder)).toEqual([expect.stringContaining(`-${next.pid}-bootstrap.json`)])
    next.child.kill("SIGTERM")
    await next.exited
    expect(filesIn(folder)).toEqual([])
  })
})

describe("Envoy's output", () => {
  it("is complete on pipes, although Envoy opens /dev/stdout by name", async () => {
    shows("output-kind")
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => agent.stderr().includes("starting main dispatch loop"), "Envoy's last word of its start")
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    await eventually(() => agent.stderr().includes("exiting"), "Envoy's last line")
  })

  it("goes to a terminal", async () => {
    shows("output-kind")
    const folder = privateFolder()
    const environment: Record<string, string> = {
      ...(await agentEnvironment(folder)),
      APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
      APPMESH_RESOURCE_ARN: "task-set/c/s/x"
    }
    const openTerminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    const terminal = spawn("python3", ["-c", openTerminal, process.execPath, agentFile], {
      env: environment,
      stdio: ["pipe", "pipe", "pipe"]
    })
    const exited = new Promise<number | null>((resolve) => terminal.once("exit", resolve))
    onTestFinished(async () => {
      terminal.kill("SIGKILL")
      await exited
      for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL")
    })
    let output = ""
    terminal.stdout.on("data", (part) => {
      output += part
    })
    await eventually(() => output.includes("starting main dispatch loop"), "Envoy's log on the terminal")
    await eventually(
      async () =>
        JSON.parse((await ask(`http://127.0.0.1:${environment.APPNET_AGENT_HTTP_PORT}`, "/status")).body).envoyState ===
        "PRE_INITIALIZING",
      "Envoy is up"
    )
    terminal.stdin.write("\u0003")
    expect(await exited).toBe(0)
    expect(output).toContain("SIGINT: stopping")
    expect(processesOf(folder)).toEqual([])
  })

  it("has no error line at the start", async () => {
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => agent.stderr().includes("starting main dispatch loop"), "the end of Envoy's start")
    expect(
      agent
        .stderr()
        .split("\n")
        .filter((line) => /\]\[(error|critical)\]/.test(line))
    ).toEqual([])
  })
})

describe("before anything starts", () => {
  it("three invalid settings are three errors, and no Envoy is started", async () => {
    shows("exit-1-setting", "all-at-once")
    const folder = privateFolder()
    const environment = {
      ...(await agentEnvironment(folder)),
      APPNET_AGENT_ADMIN_MODE: "carrier-pigeon",
      ENVOY_ADMIN_ACCESS_PORT: "99999",
      ENVOY_ADMIN_MODE: "x"
    }
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\n[ "$1" = --version ] || touch ${folder}/started\n`, { mode: 0o755 })
    const { code, stderr } = await runAgent([], { ...environment, APPNET_ENVOY_PATH: `${folder}/envoy` })
    expect(code).toBe(1)
    expect(stderr).toContain("APPNET_AGENT_ADMIN_MODE=carrier-pigeon is invalid: expected one of tcp, uds")
    expect(stderr).toContain("ENVOY_ADMIN_ACCESS_PORT=99999 is invalid: expected a port from 1 to 65535")
    expect(stderr).toContain("ENVOY_ADMIN_MODE=x is invalid: expected one of tcp, uds")
    expect(existsSync(`${folder}/started`)).toBe(false)
  })

  it("an address that is in use is an error, and no Envoy is started", async () => {
    shows("exit-1-bind")
    const { agent } = await startServing()
    await agent.until({ healthStatus: "HEALTHY" })
    const { code, stderr } = await runAgent([], { ...agent.environment, APPNET_RUN_DIR: privateFolder() })
    expect(code).toBe(1)
    expect(stderr).toContain(`cannot serve the management API on 127.0.0.1:${agent.environment.APPNET_AGENT_HTTP_PORT}`)
    expect(stderr).not.toContain("Envoy started")
    await agent.until({ healthStatus: "HEALTHY" })
  })
})

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
      expect(reason).toContain("timeout")
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

describe("the bundle", () => {
  it("runs without node_modules", async () => {
    shows("one-file")
    const folder = privateFolder()
    execFileSync("cp", ["-rT", agentFile.replace(/\/agent\.mjs$/, ""), folder])
    const version = execFileSync(process.execPath, [`${folder}/agent.mjs`, "--version"], {
      encoding: "utf8",
      cwd: folder
    })
    expect(version).toMatch(/\d+\.\d+\.\d+/)
    const environment: Record<string, string> = {
      ...(await agentEnvironment(folder)),
      APPMESH_XDS_ENDPOINT: "unix:///x",
      APPMESH_RESOURCE_ARN: "task-set/c/s/x"
    }
    expect(
      execFileSync(`${folder}/agent.mjs`, ["bootstrap"], {
        encoding: "utf8",
        cwd: folder,
        env: { ...environment, PATH: `${process.execPath.replace(/\/[^/]*$/, "")}:${environment.PATH}` }
      })
    ).toContain("targetUri: unix:///x")
  })
})
