import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { shows } from "../shows.ts"
import { agentEnvironment, filesIn, freePort, privateFolder, runAgent } from "./agent.ts"
import { inEnvoysPlace } from "./scripts.ts"

describe("a command", () => {
  const environmentWith = async (variables: Readonly<Record<string, string>>) => ({
    ...(await agentEnvironment(privateFolder())),
    APPMESH_XDS_ENDPOINT: "unix:///x",
    APPMESH_RESOURCE_ARN: "task-set/c/s/x",
    ...variables
  })

  it("ends with 1 and names every invalid setting on stderr", async () => {
    shows("bootstrap-refused", "config-refused", "all-at-once", "never-clamped")
    const environment = await environmentWith({
      ENVOY_ADMIN_ACCESS_PORT: "99999",
      APPNET_AGENT_ADMIN_MODE: "x",
      ENABLE_ENVOY_STATS_TAGS: "yes",
      ENVOY_STATS_FLUSH_INTERVAL: "10"
    })
    for (const words of [["bootstrap"], ["config"], ["config", "--json"]]) {
      const { code, stderr, stdout } = await runAgent(words, environment)
      expect([words, code, stdout]).toEqual([words, 1, ""])
      expect(stderr.trim().split("\n")).toEqual([
        "ENVOY_ADMIN_ACCESS_PORT=99999 is invalid: expected a port from 1 to 65535",
        "ENABLE_ENVOY_STATS_TAGS=yes is invalid: expected 1, t, true or 0, f, false",
        expect.stringMatching(/^ENVOY_STATS_FLUSH_INTERVAL=10 is invalid: expected a duration with a unit/),
        "APPNET_AGENT_ADMIN_MODE=x is invalid: expected one of tcp, uds"
      ])
    }
  })

  it("names what is wrong with settings, resource, files, ports and folders at once, whatever the command", async () => {
    shows("all-at-once", "bootstrap-refused", "config-refused", "exit-1-setting")
    const port = `${await freePort()}`
    const environment = await environmentWith({
      APPMESH_RESOURCE_ARN: "",
      ENVOY_STATS_FLUSH_INTERVAL: "10",
      ENVOY_RESOURCES_CONFIG_FILE: "/nonexistent.yaml",
      APPNET_RUN_DIR: "/nonexistent",
      ENVOY_ADMIN_ACCESS_PORT: port,
      APPNET_AGENT_HTTP_PORT: port
    })
    const wrong = [
      /ENVOY_STATS_FLUSH_INTERVAL=10 is invalid: expected a duration with a unit/,
      /APPMESH_RESOURCE_ARN is not set/,
      /ENVOY_RESOURCES_CONFIG_FILE=\/nonexistent.yaml does not exist$/,
      new RegExp(`port ${port} is used twice: .*\\(ENVOY_ADMIN_ACCESS_PORT\\) .*\\(APPNET_AGENT_HTTP_PORT\\)`)
    ]
    const startsEnvoy =
      /APPNET_RUN_DIR=\/nonexistent cannot hold the files of this agent: \/nonexistent does not exist$/
    for (const words of [["config"], ["config", "--json"], ["run"], [], ["bootstrap"]]) {
      const { code, stderr } = await runAgent(words, environment)
      expect([words, code]).toEqual([words, 1])
      const expected = words[0] === "bootstrap" ? wrong : [...wrong, startsEnvoy]
      expect(stderr.trim().split("\n")).toEqual(expected.map((line) => expect.stringMatching(line)))
    }
  })

  it("fails as run does where there is no Envoy, and prints the settings all the same", async () => {
    shows("config-refused", "APPNET_ENVOY_PATH")
    const environment = await environmentWith({ APPNET_ENVOY_PATH: "/nonexistent/envoy" })
    const missing = /cannot start Envoy: \/nonexistent\/envoy does not exist\. Set APPNET_ENVOY_PATH/
    const config = await runAgent(["config", "--set"], environment)
    expect([config.code, config.stderr]).toEqual([1, expect.stringMatching(missing)])
    expect(config.stdout).toMatch(/^mode: service connect \(APPMESH_XDS_ENDPOINT is a unix socket\)\n/)
    expect(await runAgent(["run"], environment)).toMatchObject({ code: 1, stderr: expect.stringMatching(missing) })
  })

  it("accepts the Go agent's flags in every form", async () => {
    shows("old-flags", "config-json", "ENVOY_LOG_LEVEL", "ENVOY_CONFIG_FILE")
    const environment = await environmentWith({ ENVOY_LOG_LEVEL: "info", ENVOY_CONFIG_FILE: "/from/the/variable" })
    const own = `${privateFolder()}/own.yaml`
    writeFileSync(own, "admin: { address: { pipe: { path: /tmp/own.sock } } }\n")
    for (const words of [
      ["-logLevel", "debug", "config", "--json", `--envoyConfigPath=${own}`],
      ["config", "-envoyConfigPath", own, "--json", "--logLevel=DEBUG"]
    ]) {
      const { code, stdout } = await runAgent(words, environment)
      expect(code).toBe(0)
      const { envoyArguments, settings, warnings } = JSON.parse(stdout)
      expect(envoyArguments.slice(0, 4)).toEqual(["-c", own, "-l", "debug"])
      expect(settings).toContainEqual({ name: "ENVOY_LOG_LEVEL", value: "debug", source: "environment" })
      expect(warnings).toEqual([])
    }
  })

  it("refuses a flag that is unknown or lacks its value", async () => {
    shows("old-flags")
    for (const [words, line] of [
      [["-logLevel"], 'flag "--logLevel" needs a value: level'],
      [["-loglevel", "debug"], 'unknown flag "--loglevel": did you mean "--logLevel"?'],
      [["config", "-envoyConfigPath"], 'flag "--envoyConfigPath" needs a value: file']
    ] as const) {
      const { code, stderr, stdout } = await runAgent(words, await environmentWith({}))
      expect([words, code, stdout]).toEqual([words, 1, ""])
      expect(stderr.split("\n")[0]).toBe(line)
    }
  })

  it("prints the bootstrap that run would use, and starts nothing", async () => {
    shows("bootstrap-yaml")
    const folder = privateFolder()
    const { code, stdout } = await runAgent(
      ["bootstrap"],
      await environmentWith({ APPNET_ENVOY_PATH: inEnvoysPlace(folder, `touch ${folder}/started`) })
    )
    expect(code).toBe(0)
    expect(parse(stdout)).toMatchObject({
      node: { id: "task-set/c/s/x" },
      dynamicResources: { ldsConfig: { ads: {} } }
    })
    expect(filesIn(folder)).toEqual(["envoy"])
  })

  it("refuses a custom bootstrap that is missing or not a file", async () => {
    shows("ENVOY_CONFIG_FILE", "own-file-missing")
    for (const path of ["/nonexistent/envoy.yaml", "/"]) {
      const { code, stderr } = await runAgent(["run"], await environmentWith({ ENVOY_CONFIG_FILE: path }))
      expect(code).toBe(1)
      expect(stderr).toContain(`ENVOY_CONFIG_FILE=${path} `)
    }
  })

  it("refuses a run folder that does not exist", async () => {
    shows("APPNET_RUN_DIR", "exit-1-bootstrap")
    const { code, stderr } = await runAgent(["run"], await environmentWith({ APPNET_RUN_DIR: "/nonexistent" }))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /APPNET_RUN_DIR=\/nonexistent cannot hold the files of this agent: \/nonexistent does not exist/
    )
    expect(stderr).not.toContain("Envoy started")
  })

  it("prints help, version and completions", async () => {
    shows("help-version-completions")
    const environment = await environmentWith({})
    const help = await runAgent(["--help"], environment)
    expect(help.code).toBe(0)
    for (const name of ["run", "bootstrap", "config", "ready", "status", "drain", "log-level", "stats"]) {
      expect(help.stdout).toMatch(new RegExp(`^\\s+${name}\\s`, "m"))
    }
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    expect((await runAgent(["--version"], environment)).stdout).toContain(version)
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await runAgent(["--completions", shell], environment)
      expect(code).toBe(0)
      expect(stdout).toContain("appnet-agent")
    }
  })
})
