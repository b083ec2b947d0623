import { adminOnly, type Environment, start, startAgent } from "./agent.ts"
import { figure, note } from "./figures.ts"
import { get } from "./http.ts"
import { cpuSecondsOf, megabytesOf } from "./processes.ts"
import { pause, until } from "./timing.ts"

/** What the Dockerfile sets for glibc's allocator. */
const imageSettings: Environment = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "65536",
  MALLOC_MMAP_THRESHOLD_: "65536"
}
const idleSeconds = 30
const cpuSeconds = 60

const startIdle = async (environment: Environment = {}) => {
  const agent = await startAgent((ports) => ({ ...adminOnly(ports), ...environment }))
  await until(async () => (await get(agent.api, "/ready"))?.status === 200)
  return agent
}

/** Memory and CPU time of an agent whose Envoy is LIVE and whom nobody asks for anything. */
export const benchIdle = async (): Promise<void> => {
  const empty = start(process.execPath, ["-e", "setInterval(() => {}, 1e9)"], { stdio: "ignore" })
  const agent = await startIdle()
  const inImage = await startIdle(imageSettings)
  await pause(idleSeconds * 1000)
  const [ofEmpty, ofAgent, ofImage] = [empty.pid ?? 0, agent.pid, inImage.pid].map((pid) => megabytesOf(pid, "VmRSS"))
  if (ofEmpty === undefined || ofAgent === undefined || ofImage === undefined) return
  note(
    `resident: agent ${ofAgent.toFixed(0)} MB, with the image's settings ${ofImage.toFixed(0)} MB, empty Node ${ofEmpty.toFixed(0)} MB`
  )
  const name = `resident memory after ${idleSeconds} s idle`
  figure(`${name}, by an empty Node process`, ofAgent / ofEmpty, "times", { most: 1.65 })
  figure(`${name}, the image's settings, by an empty Node process`, ofImage / ofEmpty, "times", { most: 1.55 })
  await inImage.stop()
  empty.kill("SIGKILL")

  const before = cpuSecondsOf(agent.pid)
  await pause(cpuSeconds * 1000)
  figure("idle CPU", ((cpuSecondsOf(agent.pid) - before) / cpuSeconds) * 100, "%", { most: 0.15 })
  await agent.stop()
}
