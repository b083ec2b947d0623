import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, agentFile, privateFolder } from "./agent.ts"

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
