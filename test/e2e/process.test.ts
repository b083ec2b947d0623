import { execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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
  ownFolderIn,
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

describe("an agent that is killed", () => {
  it("takes Envoy with it, and the next start removes its files", async () => {
    shows("dies-with-agent", "stale-folders")
    const folder = privateFolder()
    const endpoint = { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    const killed = await startAgent({ folder, environment: endpoint })
    const { envoyPid } = await killed.until({ envoyState: "PRE_INITIALIZING" })
    const left = ownFolderIn(folder) ?? ""
    expect(filesIn(folder)).toHaveLength(1)
    expect(filesIn(left)).toContain("bootstrap.json")
    killed.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    const next = await startAgent({ folder, environment: endpoint })
    await next.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => !existsSync(left), "the files of the killed agent are gone")
    expect(filesIn(folder)).toHaveLength(1)
    next.child.kill("SIGTERM")
    await next.exited
    expect(filesIn(folder)).toEqual([])
  })
})

describe("an agent that is killed while a script in Envoy's place runs", () => {
  it("takes all of the script's processes with it", async () => {
    shows("dies-with-agent")
    const folder = privateFolder()
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\nsleep 300 & sleep 301 & touch ${folder}/up\nwait\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` }
    })
    await eventually(() => existsSync(`${folder}/up`), "the script")
    agent.child.kill("SIGKILL")
    await eventually(() => processesOf(folder).length === 0, "nothing is left")
  })
})

/** Starts the agent where these programs do nothing but fail. */
const without = (...programs: ReadonlyArray<string>) => {
  const hide = programs.map((path) => `mount --bind /bin/false ${path}`).join(" && ")
  return ["unshare", process.getuid?.() === 0 ? "-m" : "-rm", "sh", "-c", `${hide} && exec "$@"`, "sh"]
}

describe("an agent without setpriv", () => {
  it("that is killed takes Envoy with it all the same", async () => {
    shows("dies-with-agent")
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(agent.stderr()).not.toContain("would outlive")
    agent.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    await eventually(() => processesOf(agent.folder).length === 0, "nothing else is left")
  })

  it("hands Envoy's own pid, exit code and signal on, and gives Envoy none of the agent's pipes", async () => {
    shows("exit-envoy-code", "exit-envoy-signal")
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(readFileSync(`/proc/${envoyPid}/cmdline`, "latin1")).toMatch(/envoy\0-c\0/)
    process.kill(Number(envoyPid), "SIGABRT")
    expect(await agent.exited).toEqual({ code: 134, signal: null })
    expect(processesOf(agent.folder)).toEqual([])

    const folder = privateFolder()
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\nls -l /proc/self/fd > ${folder}/fds\nexit 7\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    const other = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` },
      under: without("/usr/bin/setpriv")
    })
    expect(await other.exited).toEqual({ code: 7, signal: null })
    // Node's pipes are sockets.
    expect(readFileSync(`${folder}/fds`, "utf8")).not.toContain("socket:")
  })

  it("says once that nothing ends Envoy with it, where there is no shell either", async () => {
    shows("dies-with-agent")
    const { agent } = await startServing({
      under: without("/usr/bin/setpriv", "$(readlink -f /bin/sh)"),
      environment: { APPNET_ENVOY_RESTART_COUNT: "1" }
    })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    process.kill(Number(envoyPid), "SIGKILL")
    await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    const warnings = agent.stderr().match(/\[warning\] \[AppNet Agent\] .*would outlive an agent that is killed/g)
    expect(warnings).toHaveLength(1)
  })

  it("says so when the shell that would end Envoy is killed", async () => {
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    await agent.until({ healthStatus: "HEALTHY" })
    const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "latin1").trim().split(" ")
    const shell = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/bin/sh\0"))
    process.kill(Number(shell), "SIGKILL")
    await eventually(() => agent.stderr().includes("(/bin/sh: signal SIGKILL)"), "the warning")
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

describe("two agents with one management address", () => {
  for (const mode of ["tcp", "uds"]) {
    it(`that start at once over ${mode}: one serves it, and the other ends with exit code 1`, async () => {
      shows("exit-1-bind", "uds-socket")
      const shared = {
        APPNET_AGENT_ADMIN_MODE: mode,
        APPNET_AGENT_ADMIN_UDS_PATH: `${privateFolder()}/api.sock`,
        APPNET_AGENT_HTTP_PORT: `${await freePort()}`
      }
      const agents = (
        await Promise.all([startServing({ environment: shared }), startServing({ environment: shared })])
      ).map(({ agent }) => agent)
      const exit = await Promise.race(agents.map(({ exited }) => exited))
      expect(exit).toEqual({ code: 1, signal: null })
      const [refused] = agents.filter(({ child }) => child.exitCode !== null)
      const [serving, ...others] = agents.filter(({ child }) => child.exitCode === null)
      expect(others).toEqual([])
      expect(refused?.stderr()).toContain("cannot serve the management API on")
      expect(refused?.stderr()).not.toContain("Envoy started")
      const status = await serving?.until({ healthStatus: "HEALTHY" })
      expect(readFileSync(`/proc/${status?.envoyPid}/stat`, "latin1").split(") ")[1]?.split(" ")[1]).toBe(
        `${serving?.pid}`
      )
    })
  }

  it("one after the other: the end of the first leaves the socket of the second", async () => {
    shows("own-files-removed")
    const socket = `${privateFolder()}/api.sock`
    const shared = { APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: socket }
    const { agent: first } = await startServing({ environment: shared })
    await first.until({ healthStatus: "HEALTHY" })
    rmSync(socket)
    const { agent: second } = await startServing({ environment: shared })
    const { envoyPid } = await second.until({ healthStatus: "HEALTHY" })
    first.child.kill("SIGTERM")
    expect(await first.exited).toEqual({ code: 0, signal: null })
    expect((await second.status()).envoyPid).toBe(envoyPid)
    second.child.kill("SIGTERM")
    expect(await second.exited).toEqual({ code: 0, signal: null })
    expect(existsSync(socket)).toBe(false)
  })
})

describe("readiness", () => {
  for (const mode of ["tcp", "uds"]) {
    it(`is reported over ${mode}, by the command and by the old flag`, async () => {
      shows("APPNET_AGENT_ADMIN_MODE", "APPNET_AGENT_ADMIN_UDS_PATH", "ready-polls", "old-flags")
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
      await agent.until({ healthStatus: "UNHEALTHY" })
      const late = await runAgent(["ready", "--timeout", "0"], agent.environment)
      expect(late.code).toBe(1)
      expect(late.stderr).toContain("UNHEALTHY: Envoy is UNREACHABLE")
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
