// Builds the agent and runs every test against it.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const folder = mkdtempSync(`${tmpdir()}/appnet-agent-test-`)
const report = `${folder}/report.json`

const run = (command, ...words) => {
  const { status } = spawnSync(command, words, { cwd: root, stdio: "inherit" })
  return status ?? 1
}

process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
if (run(process.execPath, "scripts/build.ts") !== 0) process.exit(1)
const status = run(
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2)
)
try {
  const { numFailedTests, numFailedTestSuites, numPassedTests } = JSON.parse(readFileSync(report, "utf8"))
  // A file that does not even load has no tests to count.
  const failed = numFailedTests === 0 && status !== 0 ? Math.max(1, numFailedTestSuites) : numFailedTests
  console.log(`${numPassedTests} passed, ${failed} failed`)
} catch {
  console.log("0 passed, 1 failed")
}
process.exit(status)
