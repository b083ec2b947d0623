import { type AgentOptions, freePort, privateFolder, startAgent } from "./agent.ts"
import { writeStaticBootstrap } from "./bootstraps.ts"

/** Starts an agent whose Envoy has one static listener. */
export const startServing = async (options: AgentOptions = {}) => {
  const folder = privateFolder()
  const listenerPort = await freePort()
  const adminPort = `${await freePort()}`
  const file = writeStaticBootstrap(folder, { adminPort, listenerPort })
  const agent = await startAgent({
    ...options,
    folder,
    environment: { ENVOY_CONFIG_FILE: file, ...options.environment }
  })
  return { agent, file, listener: `http://127.0.0.1:${listenerPort}`, admin: `http://127.0.0.1:${adminPort}` }
}
