import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { adminOnly, type Environment, folder, root, standInEnvoy, start, startAgent } from "./agent.ts"
import { figure, median } from "./figures.ts"
import { get, readThrough } from "./http.ts"
import { megabytesOf } from "./processes.ts"
import { pause, until } from "./timing.ts"

const plain = "/stats/prometheus?usedonly"
const filtered = `${plain}&filter=metrics_extension`

/** Reads an answer through; waits where the rate limit is reached. */
const read = async (port: number, path: string) => {
  for (;;) {
    const answer = await readThrough(port, path)
    if (answer.status === 200) return answer
    if (answer.status !== 429) throw new Error(`${path}: ${answer.status}`)
    await pause(200)
  }
}

/** Starts an agent whose Envoy is a fake admin with this many stats, and waits until it is HEALTHY. */
const startOn = async (lines: number, environment: Environment = {}) => {
  const agent = await startAgent((ports) => {
    const envoy = `${folder}/envoy-${ports.admin}`
    const script = `#!/bin/sh\n[ "$1" = --version ] || exec "${process.execPath}" ${root}bench/fakeEnvoy.ts ${ports.admin} ${lines}\n`
    writeFileSync(envoy, script, { mode: 0o755 })
    return { ...standInEnvoy(), ...adminOnly(ports), APPNET_ENVOY_PATH: envoy, ...environment }
  })
  await until(async () => (await get(agent.api, "/ready"))?.status === 200)
  return agent
}

/** Requests /status again and again; `stop` answers the longest time that an answer took, in milliseconds. */
const watchStatus = (port: number) => {
  const child = start(process.execPath, [`${root}bench/watchStatus.ts`, `${port}`], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let longest = ""
  child.stdout?.on("data", (text) => {
    longest += text
  })
  return {
    stop: async () => {
      const closed = once(child, "close")
      child.kill("SIGTERM")
      await closed
      return Number(longest)
    }
  }
}

/** Plain and filtered answers compared, and how long /status takes beside them. */
const benchTimes = async (api: number, size: string) => {
  const ofPlain: Array<number> = []
  const ofFiltered: Array<number> = []
  const watch = watchStatus(api)
  await pause(500)
  for (let i = 0; i < 7; i += 1) {
    ofPlain.push((await read(api, plain)).milliseconds)
    ofFiltered.push((await read(api, filtered)).milliseconds)
  }
  const longest = await watch.stop()
  figure(`${size} of stats, filtered by plain`, median(ofFiltered) / median(ofPlain), "times", { most: 2 })
  figure(`${size} of stats, longest wait for /status meanwhile`, longest, "ms", { most: 50 })
}

const benchMemory = async ({ api, pid }: { readonly api: number; readonly pid: number }, size: string) => {
  figure(`${size} of stats, peak resident memory`, megabytesOf(pid, "VmHWM"), "MB", { most: 150 })
  // V8 lets its young generation grow for a while. This finds out whether the growth ends.
  for (let i = 0; i < 50; i += 1) await read(api, filtered)
  const before = megabytesOf(pid, "VmHWM")
  for (let i = 0; i < 100; i += 1) await read(api, filtered)
  figure(`${size} of stats, growth over 100 requests`, megabytesOf(pid, "VmHWM") - before, "MB", { most: 10 })
}

const benchDelta = async () => {
  const agent = await startOn(300_000, { ENABLE_STATS_SNAPSHOT: "1", APPNET_STATS_SNAPSHOT_INTERVAL_S: "2" })
  await pause(1000)
  const before = megabytesOf(agent.pid, "VmRSS")
  await pause(6000)
  const answer = await read(agent.api, `${filtered}&delta`)
  if (answer.headers["x-snapshot-cursor"] === undefined) throw new Error("there is no second snapshot")
  figure("a delta of 300 000 series, requested and answered", answer.milliseconds / 1000, "s", { most: 1.5 })
  figure("a snapshot pair of 300 000 series", megabytesOf(agent.pid, "VmRSS") - before, "MB", { most: 120 })
  await agent.stop()
}

/** Time and memory of the stats routes. */
export const benchStats = async (): Promise<void> => {
  const onSmall = await startOn(60_000)
  await benchTimes(onSmall.api, "12 MB")
  await onSmall.stop()

  const onLarge = await startOn(300_000)
  await benchTimes(onLarge.api, "60 MB")
  await benchMemory(onLarge, "60 MB")
  await onLarge.stop()
  await benchDelta()
}
