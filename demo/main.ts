// `npm start`: a mesh of one on loopback. The agent runs a real Envoy with the control plane of this process, and some
// traffic goes through it. Every process and file of the demo is gone when it ends.
import { DemoError } from "./DemoError.ts"
import { openOutput } from "./output.ts"
import { runDemo } from "./run.ts"
import { listenForStop, outputLost } from "./stopRequest.ts"

const stop = listenForStop()
const output = openOutput((name, error) => stop.make(outputLost(name, error)))

try {
  process.exitCode = await runDemo(output, stop)
} catch (error) {
  process.exitCode = 1
  output.hideStatus()
  if (error instanceof DemoError) output.printError(error.message)
  else output.printError("The demo itself failed:", error instanceof Error ? `${error.stack}` : `${error}`)
}
await output.flush()
process.exit()
