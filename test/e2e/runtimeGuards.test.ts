// Envoy answers a runtime guard that it has removed with an error and a stack trace. Which ones these are depends on its version.
import { execFileSync, spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, envoyPath, privateFolder, runAgent } from "./agent.ts"

const minorVersion = Number(/\/1\.(\d+)\./.exec(execFileSync(envoyPath, ["--version"], { encoding: "utf8" }))?.[1])

/** Each guard that a variable sets, and the minor version that has removed it. */
const guards: Readonly<Record<string, readonly [variable: string, value: string, removedIn: number]>> = {
  http_set_tracing_decision_in_request_id: ["APPMESH_SET_TRACING_DECISION", "true", 20],
  no_extension_lookup_by_name: ["ENVOY_NO_EXTENSION_LOOKUP_BY_NAME", "true", 39],
  use_http_client_to_fetch_aws_credentials: ["ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS", "true", 35],
  tcp_pool_idle_timeout: ["ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT", "false", 27]
}

/** What this Envoy says about a bootstrap with one guard set. */
const outputWith = async (guard: string, mode: "auto" | "all") => {
  const folder = privateFolder()
  const [variable = "", value = ""] = guards[guard] ?? []
  const { code, stderr, stdout } = await runAgent(["bootstrap"], {
    ...(await agentEnvironment(folder)),
    APPNET_XDS_MODE: "grpc",
    APPMESH_XDS_ENDPOINT: "127.0.0.1:1",
    APPNET_RUNTIME_GUARDS: mode,
    [variable]: value
  })
  expect(code, stderr).toBe(0)
  writeFileSync(`${folder}/bootstrap.yaml`, stdout)
  const output = openSync(`${folder}/output`, "w")
  const words = ["--mode", "validate", "-c", `${folder}/bootstrap.yaml`]
  const { status } = spawnSync(envoyPath, words, { stdio: ["ignore", output, output] })
  closeSync(output)
  expect(status).toBe(0)
  return {
    written: stdout.includes(guard),
    warned: stderr.includes(`${variable} has no effect`),
    log: readFileSync(`${folder}/output`, "utf8")
  }
}

describe(`the runtime guards of Envoy 1.${minorVersion}`, () => {
  for (const [guard, [, , removedIn]] of Object.entries(guards)) {
    const isRemoved = minorVersion >= removedIn
    it(`${guard} is ${isRemoved ? "left out, with a warning" : "written"}, and Envoy has no objection`, async () => {
      shows("guards-auto")
      const { log, warned, written } = await outputWith(guard, "auto")
      expect({ written, warned }).toEqual({ written: !isRemoved, warned: isRemoved })
      expect(log).not.toContain("removed guard")
    })
  }

  it("are all written if the settings say so: then this Envoy objects to those that it has removed", async () => {
    shows("guards-all")
    // Envoy does not repeat every objection, so it need not have one to each.
    const objected = new Set<string>()
    for (const guard of Object.keys(guards)) {
      const { log, written } = await outputWith(guard, "all")
      expect(written).toBe(true)
      for (const [, name = ""] of log.matchAll(/Using a removed guard envoy\.reloadable_features\.(\w+)/g))
        objected.add(name)
    }
    expect(objected.size).toBeGreaterThan(0)
    for (const name of objected) expect(minorVersion, name).toBeGreaterThanOrEqual(guards[name]?.[2] ?? Number.NaN)
  })
})
