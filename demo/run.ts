import { DemoError } from "./DemoError.ts"
import { runMesh } from "./mesh.ts"
import { readOptions } from "./options.ts"
import type { Output } from "./output.ts"
import { buildAgent, findEnvoy, makeRunFolder } from "./prerequisites.ts"
import type { StopRequest } from "./stopRequest.ts"

/** How often ports are chosen, since another program may take one before the demo uses it. */
const attempts = 3

/** Runs the demo and returns its exit code. Fails with a DemoError where it cannot start. */
export const runDemo = async (output: Output, stop: StopRequest): Promise<number> => {
  const options = readOptions(process.env)
  const folder = makeRunFolder()
  const envoy = await findEnvoy()
  const notice = await buildAgent(folder)
  if (notice !== undefined) output.printError(notice)

  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const reason = stop.reason()
    if (reason !== undefined) {
      output.print(`${reason.why}: stopped before the agent was started`)
      return reason.earlyExitCode
    }
    const result = await runMesh({ options, output, stop, envoy, folder })
    if (result !== "port taken") return result
    output.print("Another program has just taken one of the demo's ports: choosing others")
  }
  throw new DemoError("Other programs took a port of the demo each time: try again, or stop them")
}
