// Runs a program of the agent once, with a stand-in for Envoy, and prints V8's compiled form of what that has used:
// `node code-cache.mjs SOURCE FILENAME TARGET`. A process of its own, since the program ends it.
import { readFileSync, writeFileSync } from "node:fs"
import { Script } from "node:vm"

const [, , sourceFile, filename, target] = process.argv
const script = new Script(readFileSync(sourceFile, "latin1"), { filename })
const module = { exports: {} }
script.runInThisContext()(module, module.exports, import.meta.filename)
process.on("exit", () => writeFileSync(target, script.createCachedData()))
if (module.exports.startAgent !== undefined) {
  module.exports.startAgent({ version: undefined, takeSignals: () => [] })
  setTimeout(() => process.kill(process.pid, "SIGTERM"), 1500)
}
