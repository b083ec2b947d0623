import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, agentFile, ask, eventually, privateFolder, processesOf, runAgent } from "./agent.ts"
import { agentLine, countOf, linesIn, numberedLine, startLogging, stop } from "./logging.ts"

describe("a log file", () => {
  it("has all lines of Envoy and the agent, and stdout and stderr have none", async () => {
    shows("APPNET_ENVOY_LOG_DESTINATION", "log-file")
    const { agent, log, logs } = await startLogging()
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => log().includes("starting main dispatch loop"), "the end of Envoy's start")
    await stop(agent)
    expect(log()).toContain("[AppNet Agent] Envoy started with pid")
    expect(log()).toContain("[AppNet Agent] SIGTERM: stopping")
    expect(log()).toContain("] exiting")
    expect(agent.stdout() + agent.stderr()).toBe("")
    expect(readdirSync(logs)).toEqual(["appnet_envoy.log"])
    expect(statSync(`${logs}/appnet_envoy.log`).mode & 0o137).toBe(0)
  })

  it("of a real Envoy is rotated, and no more files are kept than configured", async () => {
    shows("APPNET_AGENT_MAX_LOG_FILE_SIZE", "APPNET_AGENT_MAX_RETENTION_COUNT", "APPNET_ENVOY_LOG_NAME")
    const environment = {
      ENVOY_LOG_LEVEL: "trace",
      APPNET_AGENT_MAX_LOG_FILE_SIZE: "0.01",
      APPNET_AGENT_MAX_RETENTION_COUNT: "2",
      APPNET_ENVOY_LOG_NAME: "named.log"
    }
    const { agent, logs } = await startLogging({ environment })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => readdirSync(logs).length === 3, "two rotated files")
    await stop(agent)
    const names = readdirSync(logs)
    expect(names).toHaveLength(3)
    for (const name of names) expect(name).toMatch(/^named\.log(\.\d{13})?$/)
    expect(linesIn(logs).length).toBeGreaterThan(10)
  })

  it("has no line of an Envoy whose log level is off", async () => {
    const { agent, logs } = await startLogging({ environment: { ENVOY_LOG_LEVEL: "off" } })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await stop(agent)
    expect(linesIn(logs).filter((line) => !agentLine.test(line))).toEqual([])
    expect(agent.stdout() + agent.stderr()).toBe("")
  })

  it("has a million lines complete, and last the reason why the agent ended", async () => {
    shows("log-rotation")
    const { agent, logs } = await startLogging({
      script: `seq -f 'line %09.0f of the fake Envoy' 1 1000000; exit 7`,
      environment: { APPNET_AGENT_MAX_RETENTION_COUNT: "1000" }
    })
    expect((await agent.exited).code).toBe(7)
    expect(readdirSync(logs).length).toBeGreaterThan(30)
    for (const name of readdirSync(logs)) expect(statSync(`${logs}/${name}`).size).toBeLessThanOrEqual(1024 * 1024)
    let expected = 1
    const others: Array<string> = []
    for (const line of linesIn(logs)) {
      const number = numberedLine.exec(line)?.[1]
      if (number === undefined) others.push(line)
      else if (Number(number) === expected) expected += 1
    }
    expect(expected).toBe(1_000_001)
    expect(others.filter((line) => !agentLine.test(line))).toEqual([])
    expect(others.at(-1)).toContain("Envoy ended with exit code 7 and no restart is left")
    expect(agent.stdout() + agent.stderr()).toBe("")
  })

  it("has complete lines of the next Envoy after one was killed in the middle of a line", async () => {
    const { agent, logs } = await startLogging({
      script: `printf 'half a li'; exec seq -f 'line %09.0f of the fake Envoy' 1 100000000`,
      environment: { APPNET_ENVOY_RESTART_COUNT: "1", APPNET_AGENT_MAX_RETENTION_COUNT: "1000" }
    })
    await eventually(() => readdirSync(logs).length > 3, "some lines")
    process.kill(await agent.envoyPid(), "SIGKILL")
    await agent.until({ envoyRestartCount: "1" })
    await eventually(
      () => linesIn(logs).some((line) => line === "half a liline 000000001 of the fake Envoy"),
      "the next"
    )
    const before = readdirSync(logs).length
    await eventually(() => readdirSync(logs).length > before + 1, "more lines")
    process.kill(await agent.envoyPid(), "SIGKILL")
    expect((await agent.exited).code).toBe(137)
    const lines = linesIn(logs).filter((line) => !agentLine.test(line))
    const starts = lines.filter((line) => line === "half a liline 000000001 of the fake Envoy")
    expect(starts).toHaveLength(2)
    const torn = lines.filter((line) => !numberedLine.test(line) && line !== starts[0])
    // A kill may cut the line that Envoy is writing: at most one for each Envoy.
    expect(torn.length).toBeLessThanOrEqual(2)
    for (const line of torn) expect("line 000000000 of the fake Envoy".startsWith(line.replace(/\d/g, "0"))).toBe(true)
  })

  it("has the agent's lines as JSON if the settings say so", async () => {
    shows("APPNET_AGENT_LOG_FORMAT")
    const { agent, log } = await startLogging({
      script: `echo 'not JSON'; exit 3`,
      environment: { APPNET_AGENT_LOG_FORMAT: "json", APPNET_NO_SUCH: "x" }
    })
    expect((await agent.exited).code).toBe(3)
    const lines = log().trimEnd().split("\n")
    expect(lines).toContain("not JSON")
    const objects = lines.filter((line) => line !== "not JSON").map((line) => JSON.parse(line))
    for (const object of objects) {
      expect(object).toEqual({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: expect.stringMatching(/^(info|warning|error|critical)$/),
        pid: agent.pid,
        source: "AppNet Agent",
        message: expect.any(String)
      })
    }
    expect(objects.at(-1)).toMatchObject({ level: "critical", message: expect.stringContaining("Envoy ended") })
    expect(objects.some(({ level, message }) => level === "warning" && message.includes("APPNET_NO_SUCH"))).toBe(true)
  })
})

describe("without a usable log file", () => {
  it("all output stays on stdout and stderr, with one warning, until the folder exists", async () => {
    shows("log-folder-missing")
    const script = `echo out; echo err >&2; while ! [ -e go ]; do sleep 0.05; done; echo 'at last'; exec sleep 100`
    const { agent, folder, log, logs } = await startLogging({ script, hasFolder: false })
    await eventually(() => agent.stdout().includes("out\n") && agent.stderr().includes("err\n"), "Envoy's lines")
    await eventually(() => agent.stderr().includes("Envoy started with pid"), "the agent's lines")
    mkdirSync(logs)
    await eventually(() => agent.stderr().includes("writable again"), "the file")
    writeFileSync(`${folder}/go`, "")
    await eventually(() => log().includes("at last\n"), "a line in the file")
    expect(log()).toContain("[info] [AppNet Agent] log file")
    expect(countOf(agent.stderr(), "no such file or directory")).toBe(1)
    expect(agent.stdout()).toBe("out\n")
    await stop(agent)
  })

  it("a reader that stops reading the output blocks Envoy alone: the agent still answers, and ends on SIGTERM", async () => {
    const folder = privateFolder()
    const pipe = `${folder}/pipe`
    execFileSync("mkfifo", [pipe])
    // Opened for reading as well, so that the pipe has a reader, which never reads.
    const held = openSync(pipe, constants.O_RDWR)
    onTestFinished(() => closeSync(held))
    const environment: Readonly<Record<string, string>> = {
      ...(await agentEnvironment(folder)),
      APPNET_ENVOY_PATH: `${folder}/envoy`,
      APPNET_XDS_MODE: "grpc",
      APPMESH_XDS_ENDPOINT: "127.0.0.1:1",
      APPNET_ENVOY_RESTART_COUNT: "10"
    }
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\n[ "$1" = --version ] && exit 0\nexec yes 'a line of Envoy' >&2\n`, {
      mode: 0o755
    })
    const child = spawn(process.execPath, [agentFile], { env: environment, stdio: ["ignore", held, held] })
    onTestFinished(() => void child.kill("SIGKILL"))
    const api = `http://127.0.0.1:${environment.APPNET_AGENT_HTTP_PORT}`
    const pid = await eventually(async () => {
      const found = Number(JSON.parse((await ask(api, "/status")).body).envoyPid)
      return found > 0 && found
    }, "Envoy")
    await eventually(() => readFileSync(`/proc/${pid}/wchan`, "latin1").includes("pipe"), "the pipe is full")
    process.kill(pid, "SIGKILL")
    await eventually(async () => JSON.parse((await ask(api, "/status")).body).envoyRestartCount === "1", "a restart")
    expect((await ask(api, "/live")).status).toBe(200)
    child.kill("SIGTERM")
    const [code] = await once(child, "exit")
    expect(code).toBe(0)
    expect(processesOf(folder)).toEqual([])
  })

  it("a full disk behind the output does not end the agent", async () => {
    const folder = privateFolder()
    const full = openSync("/dev/full", "w")
    onTestFinished(() => closeSync(full))
    const environment: Readonly<Record<string, string>> = {
      ...(await agentEnvironment(folder)),
      APPNET_ENVOY_PATH: `${folder}/envoy`,
      APPNET_XDS_MODE: "grpc",
      APPMESH_XDS_ENDPOINT: "127.0.0.1:1"
    }
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\n[ "$1" = --version ] && exit 0\nexec sleep 100\n`, { mode: 0o755 })
    const child = spawn(process.execPath, [agentFile], { env: environment, stdio: ["ignore", full, full] })
    onTestFinished(() => void child.kill("SIGKILL"))
    const api = `http://127.0.0.1:${environment.APPNET_AGENT_HTTP_PORT}`
    await eventually(async () => JSON.parse((await ask(api, "/status")).body).envoyPid !== "0", "Envoy")
    expect((await ask(api, "/live")).status).toBe(200)
    child.kill("SIGTERM")
    const [code] = await once(child, "exit")
    expect(code).toBe(0)
  })

  it("the folder /dev with the name stdout or stderr is the agent's own output", async () => {
    for (const [name, other] of [
      ["stdout", "stderr"],
      ["stderr", "stdout"]
    ] as const) {
      const { agent } = await startLogging({
        script: "echo out; echo err >&2; exit 3",
        environment: { APPNET_ENVOY_LOG_DESTINATION: "/dev", APPNET_ENVOY_LOG_NAME: name }
      })
      expect((await agent.exited).code).toBe(3)
      for (const text of ["out\n", "err\n", "[AppNet Agent] Envoy ended"]) expect(agent[name]()).toContain(text)
      expect(agent[other]()).toBe("")
    }
  })

  it("invalid settings are reported on stderr", async () => {
    const folder = privateFolder()
    const environment = {
      ...(await agentEnvironment(folder)),
      APPNET_ENVOY_LOG_DESTINATION: folder,
      ENVOY_ADMIN_MODE: "x"
    }
    const { code, stderr } = await runAgent([], environment)
    expect(code).toBe(1)
    expect(stderr).toContain("ENVOY_ADMIN_MODE=x is invalid")
  })
})
