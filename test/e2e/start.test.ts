import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, ask, envoyPath, eventually, freePort, privateFolder, runAgent, startAgent } from "./agent.ts"
import { serviceConnect } from "./mesh.ts"
import { startServing } from "./serving.ts"

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
    expect(stderr).toContain(
      `ENVOY_CONFIG_FILE=${folder}/own.yaml: line 1, column 1: no admin address that the agent can`
    )
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

describe("before anything starts", () => {
  it("Envoy is asked for its version once, by the process that tries its wrapper", async () => {
    shows("one-version")
    const folder = privateFolder()
    const script = `echo "$@" >> ${folder}/asked\n[ "$1" = --version ] || exec sleep 100\nexec ${envoyPath} --version\n`
    writeFileSync(`${folder}/envoy`, `#!/bin/sh\n${script}`, { mode: 0o755 })
    const environment = { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` }
    await startAgent({ folder, environment })
    const asked = () => (existsSync(`${folder}/asked`) ? readFileSync(`${folder}/asked`, "utf8").split("\n") : [])
    await eventually(() => asked().some((words) => words.startsWith("-c ")), "Envoy")
    expect(asked().filter((words) => words === "--version")).toHaveLength(1)
  })

  it("three invalid settings are three errors, and no Envoy is started", async () => {
    shows("exit-1-setting", "all-at-once")
    const folder = privateFolder()
    const environment = {
      ...(await agentEnvironment(folder)),
      APPNET_AGENT_ADMIN_MODE: "carrier-pigeon",
      ENVOY_ADMIN_ACCESS_PORT: "99999",
      ENVOY_ADMIN_MODE: "x"
    }
    writeFileSync(
      `${folder}/envoy`,
      `#!/bin/sh\ncase "$1" in --version|--mode) ;; *) touch ${folder}/started ;; esac\n`,
      { mode: 0o755 }
    )
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
