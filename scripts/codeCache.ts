// Runs a program of the agent once, with a stand-in for Envoy, and writes V8's compiled form of all functions that it has
// used: `node codeCache.ts PROGRAM TARGET`. It is a process of its own, since the program ends its process.
import { readFileSync, writeFileSync } from "node:fs"
import { Script } from "node:vm"
import type { EarlyStart } from "../src/layers/process/earlyStart.ts"

const [, , file = "", target = ""] = process.argv
/** The same text and file name as in the built agent's loader: V8 refuses a compiled form of anything else. */
const script = new Script(readFileSync(file, "latin1"), { filename: file })
const exported: { readonly startAgent?: (early: EarlyStart) => void } = {}
const program = { exports: exported }
script.runInThisContext()(program, program.exports, file)
process.on("exit", () => writeFileSync(target, script.createCachedData()))
if (program.exports.startAgent !== undefined) {
  const signals = { take: () => [], release: () => {} }
  program.exports.startAgent({ probe: undefined, signals, wasDebuggerOpen: false })
  setTimeout(() => process.kill(process.pid, "SIGTERM"), 1500)
}
