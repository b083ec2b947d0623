import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { describe, expect, it, onTestFinished } from "vitest"
import { parse } from "yaml"
import { agentFile, envoyPath, objectionsTo, privateFolder, root, runAgent } from "../e2e/agent.ts"
import { shows } from "../shows.ts"
import { type Case, cases, folder } from "./cases.ts"
import { expand, startServers } from "./check.mjs"

/** Ends with what a process printed and its exit code; both processors are free meanwhile. */
const output = (command: string, words: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number | null; readonly text: string }>((resolve) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] })
    let text = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (part: Buffer) => {
        text += part
      })
    }
    child.once("close", (code) => resolve({ code, text }))
  })

type Fields = Record<string, unknown>

/** Stock Envoy has no AWS IAM call credentials: the rest of an App Mesh bootstrap is for every Envoy. */
const withoutIam = (bootstrap: unknown): unknown =>
  JSON.parse(JSON.stringify(bootstrap), (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || !("callCredentials" in value)) return value
    const { callCredentials, credentialsFactoryName, ...rest } = value as Fields
    expect(JSON.stringify([callCredentials, credentialsFactoryName])).toContain("aws_iam")
    return rest
  })

/** What a case's own file gets wrong: it shows the merge, and was never loaded. */
const userMistakes: Readonly<Record<string, RegExp>> = {
  "custom-resources-file-replaces-other-keys.json": /OverloadManagerValidationError.ResourceMonitors/
}

const validated = async (name: string, testCase: Case) => {
  const dir = mkdtempSync(`${tmpdir()}/appnet-validate-`)
  const { close, vars } = await startServers(testCase)
  try {
    const all = { DIR: dir, ...vars }
    for (const [file, content] of Object.entries(testCase.files ?? {})) writeFileSync(`${dir}/${file}`, content)
    const env = Object.fromEntries(Object.entries(testCase.env).map(([key, value]) => [key, expand(value, all)]))
    let envoy = envoyPath
    if (testCase.envoyVersion !== undefined) {
      envoy = `${dir}/envoy`
      writeFileSync(envoy, `#!/bin/sh\necho '${testCase.envoyVersion}'\n`, { mode: 0o755 })
    }
    const { stdout } = await runAgent(["bootstrap"], {
      PATH: process.env.PATH ?? "",
      APPNET_ENVOY_PATH: envoy,
      APPNET_RUN_DIR: dir,
      // What was recorded.
      APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0",
      ...env,
      ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null"
    })
    const objections = await objectionsTo(dir, withoutIam(parse(stdout)))
    const known = userMistakes[name]
    if (known !== undefined) expect(objections).toMatch(known)
    return objections === "" || known !== undefined ? [] : [`${name}: ${objections.slice(0, 500)}`]
  } finally {
    await close()
    rmSync(dir, { recursive: true })
  }
}

describe("the recorded reference cases", () => {
  it("agree, arguments and files included", async () => {
    shows("recorded-cases", "mode-app-mesh", "mode-service-connect")
    const chosen = privateFolder()
    for (const name of cases.keys()) symlinkSync(`${folder}/${name}`, `${chosen}/${name}`)
    expect(cases.size).toBeGreaterThanOrEqual(100)
    // The recorded sampling rules are in /tmp itself: one run at a time on a machine, which leaves nothing there.
    const alone = ["-c", '"$@"; code=$?; rm -f /tmp/sampling-rules.json; exit $code', "sh", process.execPath]
    const check = [`${root}test/parity/check.mjs`, chosen, "--cwd", root, "--jobs", "2", "--timeout", "60"]
    const compared = ["--envoy-env", "APPNET_ENVOY_PATH", "--args", "--side-files"]
    const command = ["--", process.execPath, agentFile, "bootstrap"]
    const { code, text } = await output("flock", ["/tmp", "sh", ...alone, ...check, ...compared, ...command])
    expect(text).toMatch(new RegExp(`^${cases.size} passed, 0 failed$`, "m"))
    expect(code).toBe(0)
  }, 180_000)

  it("have bootstraps that the real Envoy takes", async () => {
    shows("valid-for-envoy")
    const left = [...cases].filter(([, { expect: wanted }]) => wanted.bootstrap !== undefined)
    expect(left.length).toBeGreaterThanOrEqual(75)
    const problems: Array<string> = []
    const work = async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) problems.push(...(await validated(...next)))
    }
    const done = Promise.all([work(), work()])
    onTestFinished(async () => void (await done.catch(() => undefined)))
    await done
    expect(problems).toEqual([])
  }, 180_000)
})
