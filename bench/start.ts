import { spawnSync } from "node:child_process"
import { forgetStart, standInEnvoy, startAgent, startOfStandIn } from "./agent.ts"
import { figure, median, note } from "./figures.ts"
import { get } from "./http.ts"
import { now, pause } from "./timing.ts"

/** The time of `node -e 0`, in milliseconds. */
export const timeEmptyNode = (): number => {
  const before = now()
  spawnSync(process.execPath, ["-e", "0"])
  return now() - before
}

/** From the agent's exec to the fork of Envoy. */
export const benchStart = async (rounds: number): Promise<void> => {
  const empty: Array<number> = []
  const started: Array<number> = []
  for (let i = 0; i < rounds; i += 1) {
    empty.push(timeEmptyNode())
    forgetStart()
    const before = now()
    const agent = await startAgent(standInEnvoy)
    started.push((await startOfStandIn()) - before)
    await agent.stop()
  }
  note(`node -e 0: ${median(empty).toFixed(0)} ms, exec to Envoy forked: ${median(started).toFixed(0)} ms`)
  figure("start, exec to Envoy forked, by node -e 0", median(started) / median(empty), "times", { aim: 3.9, most: 4.5 })
}

/** From Envoy's end to the fork of the next one. Only the first restart has no delay, so each agent gives one figure. */
export const benchRestart = async (): Promise<void> => {
  const times: Array<number> = []
  for (let i = 0; i < 5; i += 1) {
    forgetStart()
    const agent = await startAgent(() => ({ ...standInEnvoy(), APPNET_ENVOY_RESTART_COUNT: "1" }))
    await startOfStandIn()
    const { envoyPid } = JSON.parse((await get(agent.api, "/status"))?.body ?? "{}")
    await pause(200)
    forgetStart()
    const killed = now()
    process.kill(Number(envoyPid), "SIGKILL")
    times.push((await startOfStandIn()) - killed)
    await agent.stop()
  }
  figure("new Envoy forked after a crash", median(times), "ms", { most: 20 })
}
