import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { expect, it } from "vitest"
import { shows } from "../shows.ts"
import { root } from "./agent.ts"
import { startMesh } from "./mesh.ts"

// OpenAPI cannot express that one parameter needs another: `delta` without the two that it needs is refused correctly.
const exception = `[[operations]]
include-path = "/stats/prometheus"
checks.positive_data_acceptance.enabled = false

# It is 503 once another operation has drained the listeners.
[[operations]]
include-path = "/ready"
checks.not_a_server_error.enabled = false
`

it("the management API does what its own description says", async () => {
  shows("openapi")
  const { agent, folder } = await startMesh({
    environment: { ENABLE_STATS_SNAPSHOT: "1", APPNET_STATS_SNAPSHOT_INTERVAL_S: "1" }
  })
  await agent.until({ healthStatus: "HEALTHY" })
  writeFileSync(`${folder}/schemathesis.toml`, exception)
  const child = spawn(
    "sh",
    [
      `${root}scripts/schemathesis.sh`,
      `--config-file=${folder}/schemathesis.toml`,
      "run",
      `${agent.address}/openapi.json`,
      "--max-examples=50",
      "--phases=examples,coverage,fuzzing",
      "--no-color"
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }
  )
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => {
      output += part
    })
  }
  const code = await new Promise((done) => child.once("close", done))
  expect(output).toMatch(/Tested: \d/)
  expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" })
  expect((await agent.status()).healthStatus).toBeDefined()
}, 180_000)
