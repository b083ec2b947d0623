// Records what real Envoys do under each scenario, and says where the model could not have done so:
//
//   npm run simulate:record -- [--out FOLDER] [--store] [NAME...]
//
// All scenarios, or those whose names begin so. `--store` replaces the traces that stand in the repository.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { produce } from "./produce.ts"
import { endEnvoys, recordEnvoy } from "./recordEnvoy.ts"
import { scenarios } from "./scenarios.ts"
import { stored } from "./stored.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string" }, store: { type: "boolean", default: false } }
})
const folder = values.out ?? mkdtempSync(`${tmpdir()}/appnet-traces-`)
mkdirSync(folder, { recursive: true })

const root = fileURLToPath(new URL("../../../", import.meta.url))
const binary = execFileSync("sh", ["scripts/envoy.sh"], { cwd: root, encoding: "utf8" }).trim()
const isWanted = (name: string) => positionals.length === 0 || positionals.some((word) => name.startsWith(word))

for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15]
] as const) {
  process.on(signal, () => {
    endEnvoys()
    process.exit(128 + number)
  })
}

let recorded = 0
let failed = 0
for (const scenario of scenarios.filter(({ name }) => isWanted(name))) {
  const { name } = scenario
  const trace = await recordEnvoy(scenario, binary)
  const text = `${JSON.stringify(trace)}\n`
  recorded += 1
  writeFileSync(`${folder}/${name}.json`, text)
  if (values.store && stored.includes(name)) writeFileSync(`${root}test/simulation/traces/${name}.json`, text)
  const { differences } = produce(trace, 60)
  if (differences.length > 0) failed += 1
  console.log(
    [`${name}: ${differences.length === 0 ? "as the model" : "not as the model"}`, ...differences].join("\n  ")
  )
}
console.log(`${recorded} traces in ${folder}, ${failed} that the model cannot produce`)
process.exitCode = failed === 0 ? 0 : 1
