import { spawnSync } from "node:child_process"
import { adminOnly, agentFile, PATH, standInEnvoy, startAgent } from "./agent.ts"
import { figure, median } from "./figures.ts"
import { get } from "./http.ts"
import { runWithPeak } from "./processes.ts"
import { timeEmptyNode } from "./start.ts"
import { now, until } from "./timing.ts"

/** The container's health check: `appnet-agent ready --timeout 0`. */
export const benchHealthCheck = async (rounds: number): Promise<void> => {
  const agent = await startAgent(standInEnvoy)
  await until(async () => (await get(agent.api, "/live"))?.status === 200)
  const env = { PATH, APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_HTTP_PORT: `${agent.api}` }
  const ready = [agentFile, "ready", "--timeout", "0"]
  const empty: Array<number> = []
  const check: Array<number> = []
  for (let i = 0; i < rounds; i += 1) {
    empty.push(timeEmptyNode())
    const before = now()
    spawnSync(process.execPath, ready, { env })
    check.push(now() - before)
  }
  const peak = (words: ReadonlyArray<string>) =>
    median(Array.from({ length: rounds }, () => runWithPeak(words, env).peak))
  const memory = peak(ready) / peak(["-e", "0"])
  await agent.stop()
  figure("health check, by node -e 0", median(check) / median(empty), "times", { most: 1.8 })
  figure("health check, peak memory, by node -e 0", memory, "times", { most: 2 })
}

/** From a real Envoy's being LIVE to the agent's being HEALTHY. */
export const benchHealthy = async (): Promise<void> => {
  const times: Array<number> = []
  for (let i = 0; i < 5; i += 1) {
    const agent = await startAgent(adminOnly)
    const live = await until(async () => {
      const answer = await get(agent.admin, "/ready")
      return answer?.body.trim() === "LIVE" && answer.at
    })
    const healthy = await until(async () => {
      const answer = await get(agent.api, "/ready")
      return answer?.status === 200 && answer.at
    })
    times.push(healthy - live)
    await agent.stop()
  }
  figure("HEALTHY after Envoy is LIVE", median(times), "ms", { most: 250 })
}
