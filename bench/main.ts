// `npm run bench`: speed and size of the built agent. Most figures are ratios to the cost of Node itself, on this machine and
// in the same run. The exit code is 1 if a figure is over its bound. `npm run bench -- 5 start stats` measures these parts
// alone, with 5 rounds where a part has rounds.
import { execFileSync } from "node:child_process"
import { root } from "./agent.ts"
import { benchBootstrap, benchRefusedFiles } from "./bootstrap.ts"
import { allWithinBounds } from "./figures.ts"
import { benchHealthCheck, benchHealthy } from "./health.ts"
import { benchIdle } from "./idle.ts"
import { benchLogs } from "./logs.ts"
import { benchRelay } from "./relay.ts"
import { benchRestart, benchStart } from "./start.ts"
import { benchStats } from "./stats.ts"

const parts: Readonly<Record<string, (rounds: number) => void | Promise<void>>> = {
  bootstrap: benchBootstrap,
  files: benchRefusedFiles,
  stats: benchStats,
  logs: benchLogs,
  start: benchStart,
  check: benchHealthCheck,
  health: benchHealthy,
  crash: benchRestart,
  relay: benchRelay,
  idle: benchIdle
}

const words = process.argv.slice(2)
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 15)
const wanted = words.filter((word) => !/^\d+$/.test(word))
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(", ")}: the parts are ${Object.keys(parts).join(", ")}`)
  process.exit(2)
}

execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" })
for (const [name, measure] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) await measure(rounds)
process.exitCode = allWithinBounds() ? 0 : 1
