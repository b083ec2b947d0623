// Builds the agent and runs the tests: `test.ts [--image] [arguments for vitest]`. With `--image` these are the tests that
// need root and Debian packages, without it all others. The last line of the output is `N passed, N failed`.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const [first, ...others] = process.argv.slice(2)
const isImage = first === "--image"
const vitestArguments = isImage ? others : process.argv.slice(2)

const run = (command: string, words: ReadonlyArray<string>): number =>
  spawnSync(command, words, { cwd: root, stdio: "inherit" }).status ?? 1

const endWith = (passed: number, failed: number): never => {
  if (!isImage) console.log("Not run: the image's tests, which need root and Debian packages (npm run test:image)")
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}

if (isImage) {
  const missing = execFileSync("sh", ["scripts/image-requirements.sh"], { cwd: root, encoding: "utf8" }).trim()
  if (missing !== "") {
    console.log(`The image's tests need ${missing}`)
    endWith(0, 1)
  }
}
if (run("npm", ["run", "--silent", "build"]) !== 0) endWith(0, 1)

const folder = mkdtempSync(`${tmpdir()}/appnet-agent-test-`)
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
const report = `${folder}/report.json`
const status = run("vitest", [
  "run",
  ...(isImage ? ["--config=vitest.image.config.ts"] : []),
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...vitestArguments
])

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numFailedTestSuites: number
}

const readReport = (): Report => {
  try {
    return JSON.parse(readFileSync(report, "utf8"))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 0 }
  }
}

const { numFailedTests, numFailedTestSuites, numPassedTests } = readReport()
// A file that cannot be loaded and an error outside of a test fail the run without a failed test.
const uncounted = numFailedTests === 0 && status !== 0 ? Math.max(1, numFailedTestSuites) : 0
endWith(numPassedTests, numFailedTests + uncounted)
