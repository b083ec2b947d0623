// `npm run bench` runs this for the stats: time, memory, and whether anything else still answers meanwhile.

import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import http from "node:http"
import { createInterface } from "node:readline"

/** Reads a whole answer and forgets it; the size and the milliseconds it took. */
const read = (port, path) =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    http
      .get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
        let size = 0
        response.on("data", (part) => {
          size += part.length
        })
        response.on("end", () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            size,
            milliseconds: performance.now() - began
          })
        )
        response.on("error", reject)
      })
      .on("error", reject)
  })

const megabytes = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

/** Asks again where the route's limit is reached. */
const ask = async (port, path) => {
  for (;;) {
    const answer = await read(port, path)
    if (answer.status !== 429) return answer
    await pause(200)
  }
}

const plain = "/stats/prometheus?usedonly"
const extension = `${plain}&filter=metrics_extension`

export const statsBench = async ({ children, figure, freePort, root, startAgent, until }) => {
  for (const { lines, name, measured } of [
    { lines: 60_000, name: "12 MB", measured: false },
    { lines: 300_000, name: "60 MB", measured: true }
  ]) {
    const admin = await freePort()
    const envoy = spawn(process.execPath, [`${root}bench/fakeEnvoy.mjs`, `${admin}`, `${lines}`], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    children.add(envoy)
    for await (const _ of createInterface({ input: envoy.stdout })) break
    const agent = await startAgent(admin, {})
    await until(async () => (await read(agent.api, "/live").catch(() => undefined))?.status === 200)

    const times = { [plain]: [], [extension]: [] }
    const watch = spawn(process.execPath, [`${root}bench/watchStatus.mjs`, `${agent.api}`], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    children.add(watch)
    let longest = ""
    watch.stdout.on("data", (text) => {
      longest += text
    })
    await pause(500)
    for (let i = 0; i < 7; i += 1) {
      for (const path of [plain, extension]) {
        const { milliseconds, status } = await ask(agent.api, path)
        if (status !== 200) throw new Error(`${path}: ${status}`)
        times[path].push(milliseconds)
      }
    }
    watch.kill("SIGTERM")
    await new Promise((done) => watch.once("close", done))
    children.delete(watch)
    figure(`${name} of stats, filtered by plain`, median(times[extension]) / median(times[plain]), "times", { most: 2 })
    figure(`${name} of stats, longest wait for /status meanwhile`, Number(longest), "ms", { most: 50 })
    if (measured) {
      figure(`${name} of stats, peak resident memory`, megabytes(agent.child.pid, "VmHWM"), "MB", { most: 150 })
      // V8 lets its young generation grow for a while: what is asked is whether it ends.
      for (let i = 0; i < 50; i += 1) await ask(agent.api, extension)
      const before = megabytes(agent.child.pid, "VmHWM")
      for (let i = 0; i < 100; i += 1) await ask(agent.api, extension)
      figure(`${name} of stats, growth over 100 requests`, megabytes(agent.child.pid, "VmHWM") - before, "MB", {
        most: 10
      })
    }
    await agent.stop()

    if (measured) {
      const empty = await startAgent(admin, { ENABLE_STATS_SNAPSHOT: "1", APPNET_STATS_SNAPSHOT_INTERVAL_S: "2" })
      await until(async () => (await read(empty.api, "/live").catch(() => undefined))?.status === 200)
      await pause(1000)
      const idle = megabytes(empty.child.pid, "VmRSS")
      const delta = `${extension}&delta`
      await pause(6000)
      const answer = await ask(empty.api, delta)
      if (answer.headers["x-snapshot-cursor"] === undefined) throw new Error("no second snapshot")
      figure("a delta of 300 000 series, asked and answered", answer.milliseconds / 1000, "s", { most: 1.5 })
      figure("a snapshot pair of 300 000 series", megabytes(empty.child.pid, "VmRSS") - idle, "MB", { most: 120 })
      await empty.stop()
    }
    envoy.kill("SIGKILL")
    children.delete(envoy)
  }
}
