import packageJson from "../../package.json" with { type: "json" }
import { keepSignals, startEarly } from "../layers/process/earlyStart.ts"
import { healthCheckTarget, isHealthCheck, reportHealth } from "./healthCheck.ts"
import { readLegacyFlags } from "./legacyFlags.ts"

// Before all else: a signal that comes earlier ends the process, or is lost where that is process 1.
const signals = keepSignals()

// Each branch loads only the code of its command.
const { words, environment } = readLegacyFlags(process.argv.slice(2))
Object.assign(process.env, environment)

const target = isHealthCheck(words) ? healthCheckTarget(process.env, process.getuid?.() ?? 0) : undefined
if (target !== undefined) {
  signals.release()
  process.exitCode = await reportHealth(target)
} else if (words.length === 0 || (words.length === 1 && words[0] === "run")) {
  const early = startEarly(process.env, signals)
  const { startAgent } = await import("./entrypoint.ts")
  startAgent(early)
} else {
  signals.release()
  const { startCommand } = await import("./cli.ts")
  startCommand(packageJson.version, words)
}
