// Records what real Envoys do under each scenario: `simulate:record [--out FOLDER] [NAME...]`, all of them without a name.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { recordEnvoy } from "./recordEnvoy.ts"
import { scenarios } from "./scenarios.ts"

const words = process.argv.slice(2)
const at = words.indexOf("--out")
const given = at === -1 ? undefined : words.splice(at, 2)[1]
const folder = given ?? mkdtempSync(`${tmpdir()}/appnet-traces-`)
mkdirSync(folder, { recursive: true })

const root = fileURLToPath(new URL("../../../", import.meta.url))
const binary = execFileSync("sh", ["scripts/envoy.sh"], { cwd: root, encoding: "utf8" }).trim()
const wanted = scenarios.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)))
for (const scenario of wanted) {
  const trace = await recordEnvoy(scenario, binary)
  writeFileSync(`${folder}/${scenario.name}.json`, `${JSON.stringify(trace)}\n`)
  console.log(`${scenario.name}: ${Object.keys(trace.observed.stats).length} series`)
}
console.log(`${wanted.length} traces in ${folder}`)
