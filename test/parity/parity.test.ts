import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { describe, expect, it, onTestFinished } from "vitest"
import { agentFile, root } from "../e2e/agent.ts"

const folder = `${root}test/parity/cases`

interface Case {
  readonly env: Readonly<Record<string, string>>
  readonly servers?: unknown
}

/** Service Connect, as far as no metadata endpoint is asked. */
const chosen = readdirSync(folder).filter((name) => {
  const { env, servers }: Case = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"))
  return servers === undefined && env.APPMESH_XDS_ENDPOINT?.startsWith("unix://") === true
})

describe("the recorded reference cases", () => {
  it("of Service Connect agree, arguments included", () => {
    const cases = mkdtempSync(`${tmpdir()}/appnet-parity-`)
    onTestFinished(() => rmSync(cases, { recursive: true, force: true }))
    for (const name of chosen) symlinkSync(`${folder}/${name}`, `${cases}/${name}`)
    expect(chosen.length).toBeGreaterThanOrEqual(10)
    const { status, stdout } = spawnSync(
      process.execPath,
      [`${root}test/parity/check.mjs`, cases, "--cwd", root, "--jobs", "2", "--timeout", "60"].concat([
        "--envoy-env",
        "APPNET_ENVOY_PATH",
        "--args",
        "--side-files",
        "--",
        process.execPath,
        agentFile,
        "bootstrap"
      ]),
      { encoding: "utf8", env: process.env }
    )
    expect(stdout).toMatch(new RegExp(`${chosen.length} passed, 0 failed`))
    expect(status).toBe(0)
  })
})
