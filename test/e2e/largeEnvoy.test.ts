import { readFileSync, writeFileSync } from "node:fs"
import net from "node:net"
import { expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, ask, eventually, privateFolder, startAgent } from "./agent.ts"

const clusterCount = 2000

/** An Envoy whose stats are some 30 MB of Prometheus text. */
const startLarge = async () => {
  const folder = privateFolder()
  const environment = await agentEnvironment(folder)
  const clusters = Array.from({ length: clusterCount }, (_, i) => ({ name: `service_${i}_outbound`, type: "STATIC" }))
  const address = { socket_address: { address: "127.0.0.1", port_value: Number(environment.ENVOY_ADMIN_ACCESS_PORT) } }
  writeFileSync(`${folder}/large.json`, JSON.stringify({ admin: { address }, static_resources: { clusters } }))
  const agent = await startAgent({ folder, environment: { ...environment, ENVOY_CONFIG_FILE: `${folder}/large.json` } })
  await agent.until({ healthStatus: "HEALTHY" }, 60)
  return agent
}

it("a large Envoy stays small and HEALTHY whatever its scrapers do", async () => {
  shows("stats-slots", "unread-answers", "probes-first")
  const agent = await startLarge()
  const pid = await agent.envoyPid()
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024
  const scrape = () => ask(agent.address, "/stats/prometheus", { timeout: 30_000 })
  expect((await scrape()).body.length).toBeGreaterThan(20_000_000)
  const before = resident()

  // A hundred readers that do not read.
  const port = Number(agent.environment.APPNET_AGENT_HTTP_PORT)
  const answers = Array.from({ length: 100 }, () => {
    const socket = net.connect({ host: "127.0.0.1", port })
    onTestFinished(() => void socket.destroy())
    socket.on("error", () => undefined)
    const seen = { socket, head: "" }
    socket.once("data", (part) => {
      seen.head = part.toString("latin1")
      socket.pause()
    })
    socket.write("GET /stats/prometheus HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return seen
  })
  const withStatus = (status: number) => answers.filter(({ head }) => head.startsWith(`HTTP/1.1 ${status} `))
  await eventually(() => withStatus(200).length === 4, "four answers")
  await eventually(() => withStatus(503).length + withStatus(429).length === 96, "a refusal of all others")
  expect(withStatus(503)[0]?.head.toLowerCase()).toContain("retry-after: 1\r\n")
  expect(resident()).toBeLessThan(before + 4 * 60)
  await eventually(async () => (await scrape()).status === 200, "a place, once they are cut off", 30)
  expect((await agent.status()).healthStatus).toBe("HEALTHY")

  // As many scrapes as the API accepts, for some intervals of the health check.
  const statuses: Array<number> = []
  const healths = new Set<string | undefined>()
  const end = performance.now() + 7000
  const scrapes: Array<Promise<unknown>> = []
  while (performance.now() < end) {
    scrapes.push(scrape().then(({ status }) => statuses.push(status)))
    await new Promise((done) => setTimeout(done, 100))
    healths.add((await agent.status()).healthStatus)
  }
  await Promise.all(scrapes)
  expect([...healths]).toEqual(["HEALTHY"])
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(4)
  expect([...new Set(statuses)].filter((status) => ![200, 429, 503].includes(status))).toEqual([])
}, 180_000)
