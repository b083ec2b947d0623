// Builds the agent and runs tests. The last line of the output is `N passed, N failed`.
//
//   test.ts [ARGUMENTS FOR VITEST]                 all tests but those of the image
//   test.ts --image [ARGUMENTS FOR VITEST]         those that need root and Debian packages
//   test.ts --envoys [VERSION...] [ARGUMENTS...]   those that a real Envoy decides, with each pinned version, or these
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const [first, ...others] = process.argv.slice(2)
const kind = first === "--image" || first === "--envoys" ? first : undefined
const words = kind === undefined ? process.argv.slice(2) : others

interface Counts {
  readonly passed: number
  readonly failed: number
}

const run = (command: string, words: ReadonlyArray<string>, environment: NodeJS.ProcessEnv = {}): number =>
  spawnSync(command, words, { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } }).status ?? 1

/** What a script prints; its stderr is shown. */
const outputOf = (script: string, ...words: ReadonlyArray<string>): string =>
  execFileSync("sh", [`scripts/${script}`, ...words], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  }).trim()

const show = ({ failed, passed }: Counts) => `${passed} passed, ${failed} failed`

const endWith = (counts: Counts): never => {
  if (kind === undefined)
    console.log("Not run: the image's tests, which need root and Debian packages (npm run test:image)")
  console.log(show(counts))
  process.exit(counts.failed === 0 ? 0 : 1)
}

const failWith = (reason: string): never => {
  console.log(reason)
  return endWith({ passed: 0, failed: 1 })
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numFailedTestSuites: number
}

const folder = mkdtempSync(`${tmpdir()}/appnet-agent-test-`)
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const readReport = (path: string): Report => {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 0 }
  }
}

let runs = 0
/** Runs tests with this Envoy. */
const runTests = (envoy: string, words: ReadonlyArray<string>): Counts => {
  runs += 1
  const path = `${folder}/report-${runs}.json`
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${path}`]
  const config = kind === "--image" ? ["--config=vitest.image.config.ts"] : []
  const status = run("vitest", ["run", ...config, ...reporters, ...words], { APPNET_ENVOY_PATH: envoy })
  const { numFailedTests, numFailedTestSuites, numPassedTests } = readReport(path)
  // A file that cannot be loaded and an error outside of a test fail the run without a failed test.
  const uncounted = numFailedTests === 0 && status !== 0 ? Math.max(1, numFailedTestSuites) : 0
  return { passed: numPassedTests, failed: numFailedTests + uncounted }
}

const nameOf = (envoy: string): string => {
  const version = execFileSync(envoy, ["--version"], { encoding: "utf8" }).trim()
  return `Envoy ${/\/(\d+\.\d+\.\d+[^/]*)/.exec(version)?.[1] ?? version} (${envoy})`
}

if (kind === "--image") {
  const missing = outputOf("image-requirements.sh")
  if (missing !== "") failWith(`The image's tests need ${missing}`)
}

/** The paths of the Envoys to test with. */
const findEnvoys = (versions: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (kind !== "--envoys") return [outputOf("envoy.sh")]
  const all = versions.length === 0 ? outputOf("envoy.sh", "--versions").split("\n") : versions
  return all.map((version) => outputOf("envoy.sh", version))
}

const isVersion = (word: string) => /^\d+\.\d+(\.\d+)?$/.test(word)
const versions = kind === "--envoys" ? words.filter(isVersion) : []
const given = words.filter((word) => !versions.includes(word))
const vitestArguments =
  kind === "--envoys" && !given.some((word) => word.includes("test")) ? ["test/e2e", "test/parity", ...given] : given

let envoys: ReadonlyArray<readonly [path: string, name: string]> = []
try {
  envoys = findEnvoys(versions).map((path) => [path, nameOf(path)])
} catch (error) {
  failWith(`There is no Envoy to test with: ${error instanceof Error ? error.message : error}`)
}

if (run("npm", ["run", "--silent", "build"]) !== 0) endWith({ passed: 0, failed: 1 })

const results = envoys.map(([path, name]) => {
  if (envoys.length > 1) console.log(`== ${name}`)
  return { name, ...runTests(path, vitestArguments) }
})
for (const { name, ...counts } of results) console.log(`With ${name}: ${show(counts)}`)
endWith({
  passed: results.reduce((sum, { passed }) => sum + passed, 0),
  failed: results.reduce((sum, { failed }) => sum + failed, 0)
})
