import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { holdsNetAdmin } from "../../src/layers/process/wrapper.ts"
import { shows } from "../shows.ts"
import {
  ask,
  envoyPath,
  eventually,
  filesIn,
  freePort,
  openAs,
  ownFolderIn,
  privateFolder,
  startAgent
} from "./agent.ts"
import { writeStaticBootstrap } from "./bootstraps.ts"
import { stop } from "./logging.ts"
import { serviceConnect } from "./mesh.ts"
import { inEnvoysPlace } from "./scripts.ts"

const count = (text: string, words: string) => text.split(words).length - 1

describe("a running agent", () => {
  it("logs its own lines at the level that it is told, probes and decisions included", async () => {
    shows("APPNET_AGENT_LOG_LEVEL")
    const levelsOf = async (level: string) => {
      const agent = await startAgent({
        environment: { ...serviceConnect(privateFolder()), APPNET_AGENT_LOG_LEVEL: level, ENVOY_LOG_LEVEL: "off" }
      })
      await agent.until({ envoyState: "PRE_INITIALIZING" })
      await stop(agent)
      const levels = [...agent.stderr().matchAll(/^\[[^\]]*\]\[\d+\]\[(\w+)\] \[AppNet Agent\]/gm)].map(
        ([, name]) => name
      )
      return { levels: new Set(levels), stderr: agent.stderr() }
    }
    const debug = await levelsOf("debug")
    expect(debug.levels).toContain("debug")
    for (const line of [
      "probe of Envoy: /ready PRE_INITIALIZING",
      "service connect mode: APPMESH_XDS_ENDPOINT is a unix socket"
    ])
      expect(debug.stderr).toContain(line)
    expect((await levelsOf("info")).levels).not.toContain("debug")
    expect([...(await levelsOf("Error")).levels]).toEqual([])
    const bad = await levelsOf("loud")
    expect(bad.stderr).toContain("APPNET_AGENT_LOG_LEVEL=loud")
    expect(bad.levels).toContain("info")
    expect(bad.levels).not.toContain("debug")
  })

  it("takes its addresses, its files and Envoy's command line from the settings", async () => {
    shows(
      "APPNET_AGENT_HTTP_BIND_ADDRESS",
      "APPNET_AGENT_HTTP_PORT",
      "APPNET_ENVOY_ADMIN_ADDRESS",
      "ENVOY_ADMIN_ACCESS_PORT",
      "ENVOY_ADMIN_ACCESS_LOG_FILE",
      "ENVOY_CONCURRENCY",
      "ENVOY_LOG_LEVEL",
      "ENVOY_SKIP_DEPRECATED_LOGS",
      "LISTENER_DRAIN_WAIT_TIME_S",
      "APPNET_RUN_DIR",
      "APPNET_ENVOY_PATH",
      "AWS_REGION",
      "envoy-arguments",
      "generated-file",
      "output-kind"
    )
    const folder = privateFolder()
    const runFolder = `${folder}/run`
    mkdirSync(runFolder)
    symlinkSync(envoyPath, `${folder}/my-envoy`)
    const agent = await startAgent({
      folder: runFolder,
      environment: {
        ...serviceConnect(folder),
        AWS_REGION: "us-west-2",
        APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.2",
        APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.3",
        ENVOY_ADMIN_ACCESS_LOG_FILE: `${folder}/admin.log`,
        ENVOY_CONCURRENCY: "2",
        ENVOY_LOG_LEVEL: "Debug",
        ENVOY_SKIP_DEPRECATED_LOGS: "F",
        LISTENER_DRAIN_WAIT_TIME_S: "7",
        APPNET_ENVOY_PATH: ` ${folder}/my-envoy `
      }
    })
    const { envoyPid } = await agent.until({ envoyState: "PRE_INITIALIZING" })
    await expect(ask(agent.address.replace("127.0.0.2", "127.0.0.1"), "/status")).rejects.toThrow("ECONNREFUSED")
    const admin = `http://127.0.0.3:${agent.environment.ENVOY_ADMIN_ACCESS_PORT}`
    const { command_line_options: options, node } = JSON.parse((await ask(admin, "/server_info")).body)
    expect(options).toMatchObject({
      concurrency: 2,
      log_level: "debug",
      drain_time: "7s",
      disable_hot_restart: true,
      skip_deprecated_logs: false
    })
    expect(node.id).toBe(serviceConnect(folder).APPMESH_RESOURCE_ARN)
    expect(readFileSync(`/proc/${envoyPid}/cmdline`, "latin1").split("\0")[0]).toBe(`${folder}/my-envoy`)
    expect(options.config_path.startsWith(`${runFolder}/`)).toBe(true)
    expect(statSync(options.config_path).mode & 0o777).toBe(0o600)
    expect(openAs(Number(envoyPid), 1)).not.toMatch(/socket/)
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    // Envoy flushes this log when it ends.
    expect(readFileSync(`${folder}/admin.log`, "utf8")).toContain("/server_info")
    expect(filesIn(runFolder)).toEqual([])
  })

  it("starts Envoy with each warning logged once, and without the platform data that cannot be read", async () => {
    shows(
      "PID_POLL_INTERVAL_MS",
      "HC_POLL_INTERVAL_MS",
      "ENVOY_LOG_LEVEL",
      "APPNET_CONTAINER_IP_MAPPING",
      "clamped",
      "unreadable",
      "log-level-fallback",
      "platform-data",
      "unknown-name"
    )
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: {
        ...serviceConnect(folder),
        PID_POLL_INTERVAL_MS: "5",
        HC_POLL_INTERVAL_MS: "often",
        ENVOY_LOG_LEVEL: "loud",
        APPNET_CONTAINER_IP_MAPPING: "{app}",
        ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${await freePort()}/v4/1`,
        APPNET_AGENT_ADMIN_TOKN: "x"
      }
    })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    for (const words of [
      "PID_POLL_INTERVAL_MS=5 is outside 10 to 1000: using 10",
      "HC_POLL_INTERVAL_MS=often cannot be read",
      "ENVOY_LOG_LEVEL=loud cannot be read",
      "APPNET_CONTAINER_IP_MAPPING={app} is not a JSON object",
      "/task (ECS_CONTAINER_METADATA_URI_V4): ECONNREFUSED",
      "APPNET_AGENT_ADMIN_TOKN is set but is not a setting; did you mean APPNET_AGENT_ADMIN_TOKEN?"
    ]) {
      await eventually(() => count(agent.stderr(), words) > 0, words)
      expect([words, count(agent.stderr(), words)]).toEqual([words, 1])
    }
    expect(readFileSync(`${ownFolderIn(folder)}/bootstrap.json`, "utf8")).not.toContain("ClusterIPMapping")
  })

  it("serves no API unless configured, and ends with Envoy's own exit code", async () => {
    shows("APPNET_AGENT_ADMIN_MODE", "APPNET_ENVOY_RESTART_COUNT", "not-served", "exit-envoy-code", "net-admin")
    for (const code of [0, 3]) {
      const folder = privateFolder()
      // This setpriv always fails: the agent tries it once for NET_ADMIN, logs a warning, and starts Envoy without it.
      mkdirSync(`${folder}/bin`)
      writeFileSync(`${folder}/bin/setpriv`, `#!/bin/sh\necho "$@" >> ${folder}/tried\nexit 1\n`, { mode: 0o755 })
      const script = `touch ${folder}/up; while ! [ -e ${folder}/end ]; do sleep 0.05; done; exit ${code}`
      const agent = await startAgent({
        folder,
        environment: {
          ...serviceConnect(folder),
          PATH: `${folder}/bin:${process.env.PATH}`,
          APPNET_AGENT_ADMIN_MODE: " ",
          APPNET_ENVOY_RESTART_COUNT: "1",
          APPNET_ENVOY_PATH: inEnvoysPlace(folder, script)
        }
      })
      await eventually(() => existsSync(`${folder}/up`), "Envoy")
      await expect(ask(agent.address, "/status")).rejects.toThrow("ECONNREFUSED")
      writeFileSync(`${folder}/end`, "")
      expect(await agent.exited).toEqual({ code, signal: null })
      expect(count(agent.stderr(), "Envoy started with pid")).toBe(2)
      const netAdmin = holdsNetAdmin(readFileSync("/proc/self/status", "latin1"), process.getuid?.() ?? 0, true)
      const tried = existsSync(`${folder}/tried`) ? readFileSync(`${folder}/tried`, "utf8").trim().split("\n") : []
      const words = "--pdeathsig KILL --inh-caps +net_admin --ambient-caps +net_admin --"
      // First with the Envoy that is asked for its version; where that fails, once without it.
      expect(tried).toEqual(netAdmin ? [`${words} ${folder}/envoy --version`, `${words} true`] : [])
      expect(count(agent.stderr(), "setpriv cannot hand NET_ADMIN on")).toBe(netAdmin ? 1 : 0)
    }
  })

  it("answers before Envoy is started", async () => {
    shows("bound-first")
    const folder = privateFolder()
    const port = await freePort()
    const question = `http.get({ host: "127.0.0.1", port: ${port}, path: "/live", agent: false }, (answer) => console.log("API:", answer.resume().statusCode)).on("error", ({ code }) => console.log("API:", code))`
    const agent = await startAgent({
      folder,
      environment: {
        ...serviceConnect(folder),
        APPNET_AGENT_HTTP_PORT: `${port}`,
        APPNET_ENVOY_PATH: inEnvoysPlace(folder, `exec "${process.execPath}" -e '${question}'`)
      }
    })
    await agent.exited
    expect(agent.stdout()).toContain("API: 200")
  })

  it("takes a custom bootstrap through a link, by variable and by the old flag", async () => {
    shows("ENVOY_CONFIG_FILE", "own-file", "old-flags")
    const folder = privateFolder()
    const adminPort = `${await freePort()}`
    const file = writeStaticBootstrap(folder, { adminPort, listenerPort: await freePort() })
    symlinkSync(file, `${folder}/link.yaml`)
    const agent = await startAgent({
      folder,
      words: ["--envoyConfigPath", `${folder}/link.yaml`, "run", "-logLevel=warn"],
      environment: { ENVOY_CONFIG_FILE: "/nowhere" }
    })
    await agent.until({ healthStatus: "HEALTHY" })
    // It has no control plane, and the log has not said otherwise before Envoy's first answer.
    expect(agent.stderr()).not.toContain("management server")
    const { body } = await ask(`http://127.0.0.1:${adminPort}`, "/server_info")
    expect(JSON.parse(body).command_line_options).toMatchObject({
      config_path: `${folder}/link.yaml`,
      log_level: "warning"
    })
  })
})
