import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { parse } from "yaml"
import { envoy140, generatedOf, RightSettings, taskSet } from "../layers/bootstrap/harness.ts"
import { shows } from "../shows.ts"
import { agentEnvironment, filesIn, objectionsTo, ownFolderIn, privateFolder, runAgent, startAgent } from "./agent.ts"
import { serviceConnect as connected, startMesh } from "./mesh.ts"
import { authorityIn } from "./pki.ts"

const serviceConnect = { APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock", APPMESH_RESOURCE_ARN: taskSet }

const printed = async (words: ReadonlyArray<string>, variables: Readonly<Record<string, string>>, folder: string) =>
  runAgent(["bootstrap", ...words], { ...(await agentEnvironment(folder)), ...serviceConnect, ...variables })

describe("bootstrap", () => {
  it.effect.prop(
    "of any valid settings is accepted by the real Envoy",
    { environment: RightSettings },
    Effect.fnUntraced(function* ({ environment }) {
      shows("valid-for-envoy")
      const folder = privateFolder()
      const { bundle } = authorityIn(folder)
      // Stock Envoy has no call credentials for App Mesh itself.
      const direct = environment.APPNET_XDS_MODE === undefined && !environment.APPMESH_XDS_ENDPOINT.startsWith("unix:")
      const made = yield* Effect.option(
        generatedOf(
          {
            ...environment,
            ...(direct ? { APPNET_XDS_MODE: "tls" } : {}),
            APPNET_CA_BUNDLE: bundle,
            APPNET_RUN_DIR: folder
          },
          { version: Option.some(envoy140) }
        )
      )
      if (Option.isNone(made)) return
      for (const { content, path } of made.value.sideFiles) writeFileSync(path, content)
      expect(yield* Effect.promise(() => objectionsTo(folder, made.value.value))).toBe("")
    }),
    { timeout: 120_000, arbitrary: { runs: 60 } }
  )

  it("with --explain is the same bootstrap, with the variable behind each part and the source of its value", async () => {
    const folder = privateFolder()
    const variables = {
      ENABLE_ENVOY_DOG_STATSD: "1",
      DD_SERVICE: "x",
      ENVOY_INITIAL_FETCH_TIMEOUT: "7",
      ENVOY_ADMIN_ACCESS_PORT: "9999"
    }
    const plain = await printed([], variables, folder)
    const explained = await printed(["--explain"], variables, folder)
    expect([plain.code, explained.code]).toEqual([0, 0])
    expect(plain.stdout).not.toContain("#")
    expect(parse(explained.stdout)).toEqual(parse(plain.stdout))
    expect(explained.stdout).toContain("initialFetchTimeout: 7s # ENVOY_INITIAL_FETCH_TIMEOUT (set)")
    expect(explained.stdout).toContain("portValue: 8125 # STATSD_PORT (default)")
    expect(explained.stdout).toMatch(/# ENABLE_ENVOY_DOG_STATSD \(set\)\n\s+- name: envoy.stat_sinks.dog_statsd/)
  })

  it("with --validate is checked by Envoy, and an error names the wrong field and the variable behind it", async () => {
    shows("bootstrap-validate")
    const folder = privateFolder()
    const resources = `${folder}/resources.yaml`
    const check = (content: string) => {
      writeFileSync(resources, content)
      return printed(["--validate"], { ENVOY_RESOURCES_CONFIG_FILE: resources }, folder)
    }
    expect(await check("static_resources: { clusters: [{ name: a }] }")).toMatchObject({ code: 0, stderr: "" })
    const cases = [
      [
        "{ name: a, tiemout: 1s }",
        "staticResources.clusters[1].tiemout (ENVOY_RESOURCES_CONFIG_FILE): no such field: 'tiemout'"
      ],
      [
        "{ name: a, connect_timeout: soon }",
        "staticResources.clusters[1].connectTimeout (ENVOY_RESOURCES_CONFIG_FILE): "
      ],
      [
        '{ name: "" }',
        "staticResources.clusters[1].name (ENVOY_RESOURCES_CONFIG_FILE): value length must be at least 1"
      ]
    ]
    for (const [cluster, words] of cases) {
      const { code, stderr, stdout } = await check(`static_resources: { clusters: [${cluster}] }`)
      expect(stderr).toContain(`Envoy does not accept this bootstrap: ${words}`)
      expect(stderr.trim().split("\n")).toHaveLength(1)
      expect([code, stdout]).toEqual([1, ""])
    }
    expect(filesIn(folder)).toEqual(["resources.yaml"])
  })

  it("replaces a planted link by the sampling rules without following it, and run removes them at its end", async () => {
    shows("XRAY_SAMPLING_RATE", "APPNET_RUN_DIR", "sampling-manifest")
    const folder = privateFolder()
    const victim = `${folder}/victim`
    writeFileSync(victim, "untouched")
    symlinkSync(victim, `${folder}/sampling-rules.json`)
    const tracing = { ENABLE_ENVOY_XRAY_TRACING: "1", XRAY_SAMPLING_RATE: "0.5" }
    expect(await printed(["--validate"], tracing, folder)).toMatchObject({ code: 0, stderr: "" })
    expect(readFileSync(victim, "utf8")).toBe("untouched")
    expect(statSync(`${folder}/sampling-rules.json`).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(`${folder}/sampling-rules.json`, "utf8"))).toMatchObject({ default: { rate: 0.5 } })
    const { agent, folder: own } = await startMesh({ environment: tracing })
    await agent.until({ healthStatus: "HEALTHY" })
    expect(filesIn(own)).toContain("sampling-rules.json")
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    expect(filesIn(own)).not.toContain("sampling-rules.json")
  })

  it("contains no secret, and neither do the log, `config` and error messages", async () => {
    shows("APPNET_AGENT_ADMIN_TOKEN", "config-secrets")
    const folder = privateFolder()
    const secret = "s3cr3t-Value"
    const secrets = {
      APPNET_AGENT_ADMIN_TOKEN: secret,
      AWS_ACCESS_KEY_ID: secret,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: secret
    }
    const environment = { ...(await agentEnvironment(folder)), ...connected(folder), ...secrets }
    const outputs = [
      await runAgent(["bootstrap", "--explain"], environment),
      await runAgent(["config"], environment),
      await runAgent(["config", "--json"], environment),
      await runAgent(["bootstrap"], { ...environment, STATSD_PORT: "x", ENVOY_ADMIN_ACCESS_PORT: "0" }),
      await runAgent([], { ...environment, APPMESH_RESOURCE_ARN: "nothing" })
    ]
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 1, 1])
    const agent = await startAgent({ folder, environment: { ...connected(folder), ...secrets } })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    const bootstrap = readFileSync(`${ownFolderIn(folder)}/bootstrap.json`, "utf8")
    const all = [...outputs.map(({ stderr, stdout }) => stdout + stderr), bootstrap]
    for (const text of [...all, agent.stdout(), agent.stderr(), JSON.stringify(await agent.status())]) {
      expect(text).not.toContain(secret)
    }
  })
})
