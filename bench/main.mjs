// `npm run bench`: how fast and how small the built agent is, as ratios to what Node itself costs on this machine in the
// same run. Exits with 1 where a figure is over its bound. `npm run bench -- 15 stats start` measures these parts alone, with
// 15 rounds.

import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import http from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { yamlForEsbuild } from "../scripts/yaml-modules.mjs"
import { logsBench } from "./logs.mjs"
import { relayBench } from "./relay.mjs"
import { statsBench } from "./stats.mjs"

const root = fileURLToPath(new URL("../", import.meta.url))
const agentFile = `${root}dist/agent.mjs`
const rounds = Number(process.argv[2] ?? 15)

execFileSync(process.execPath, [`${root}scripts/build.ts`], { stdio: "inherit" })
const envoy = execFileSync("sh", [`${root}scripts/envoy.sh`], { encoding: "utf8" }).trim()
const folder = mkdtempSync(`${tmpdir()}/appnet-bench-`)
const children = new Set()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))
const now = () => performance.timeOrigin + performance.now()
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

const until = async (look) => {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await pause(2)
  }
}

const freePort = async () => {
  const server = net.createServer()
  await new Promise((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

const get = (port, path) =>
  new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = ""
      response.on("data", (part) => {
        body += part
      })
      response.on("end", () => resolve({ status: response.statusCode, body, at: now() }))
    })
    request.on("error", () => resolve(undefined))
  })

const figures = []
const figure = (name, value, unit, { aim, most }) => {
  figures.push({ name, value, most })
  const bounds = [aim === undefined ? "" : `aim ${aim}`, `at most ${most}`].filter(Boolean).join(", ")
  console.log(`${value > most ? "OVER" : "ok  "}  ${name}: ${value.toFixed(2)} ${unit} (${bounds})`)
}

/** A bootstrap with nothing but an admin, which is LIVE at once. */
const adminAlone = ({ admin }) => {
  const path = `${folder}/own-${admin}.yaml`
  writeFileSync(path, `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }\n`)
  return { ENVOY_CONFIG_FILE: path }
}

const startAgent = async (environment) => {
  const ports = { api: await freePort(), admin: await freePort() }
  const child = spawn(process.execPath, [agentFile], {
    stdio: "ignore",
    env: {
      PATH: process.env.PATH,
      APPNET_ENVOY_PATH: envoy,
      APPNET_RUN_DIR: folder,
      APPNET_AGENT_ADMIN_MODE: "tcp",
      APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.1",
      APPNET_AGENT_HTTP_PORT: `${ports.api}`,
      LISTENER_DRAIN_MIN_WAIT_TIME_S: "0",
      ENVOY_CONCURRENCY: "1",
      ...environment(ports)
    }
  })
  children.add(child)
  const gone = new Promise((done) => child.once("exit", done))
  return {
    child,
    ...ports,
    stop: async () => {
      child.kill("SIGTERM")
      child.kill("SIGTERM")
      await gone
      children.delete(child)
    }
  }
}

/** A stand-in that writes down when it is started, and answers `--version` as the real Envoy does. */
const marking = `${folder}/envoy`
const mark = `${folder}/mark`
writeFileSync(
  marking,
  `#!/bin/sh\n[ "$1" = --version ] && exec ${envoy} --version\ndate +%s%N > ${mark}.new; mv ${mark}.new ${mark}\nexec sleep 100\n`,
  { mode: 0o755 }
)

const serviceConnect = () => ({
  APPNET_ENVOY_PATH: marking,
  APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
  APPMESH_RESOURCE_ARN: "task-set/cluster/service/bench"
})

const startTimes = async () => {
  const empty = []
  const start = []
  for (let i = 0; i < rounds; i += 1) {
    const before = now()
    spawnSync(process.execPath, ["-e", "0"])
    empty.push(now() - before)
    rmSync(mark, { force: true })
    const began = now()
    const agent = await startAgent(serviceConnect)
    await until(() => existsSync(mark))
    start.push(Number(readFileSync(mark, "utf8")) / 1e6 - began)
    await agent.stop()
  }
  console.log(`      node -e 0: ${median(empty).toFixed(0)} ms, exec to Envoy forked: ${median(start).toFixed(0)} ms`)
  figure("start, exec to Envoy forked, by node -e 0", median(start) / median(empty), "times", { aim: 4, most: 6 })
}

/** Peak resident memory of a Node process, in kilobytes, as it says itself at its end. */
const peakOf = (words, env) => {
  const told = `${folder}/peak`
  const teller = `${folder}/peak.cjs`
  writeFileSync(
    teller,
    `process.on("exit", () => require("node:fs").writeFileSync("${told}", String(process.resourceUsage().maxRSS)))\n`
  )
  spawnSync(process.execPath, ["--require", teller, ...words], { env })
  return Number(readFileSync(told, "utf8"))
}

const healthCheckCost = async () => {
  const agent = await startAgent(serviceConnect)
  await until(async () => (await get(agent.api, "/live"))?.status === 200)
  const env = { PATH: process.env.PATH, APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_HTTP_PORT: `${agent.api}` }
  const empty = []
  const check = []
  for (let i = 0; i < rounds; i += 1) {
    let before = now()
    spawnSync(process.execPath, ["-e", "0"])
    empty.push(now() - before)
    before = now()
    spawnSync(process.execPath, [agentFile, "ready", "--timeout", "0"], { env })
    check.push(now() - before)
  }
  const peaks = (words) => median(Array.from({ length: rounds }, () => peakOf(words, env)))
  const memory = peaks([agentFile, "ready", "--timeout", "0"]) / peaks(["-e", "0"])
  await agent.stop()
  figure("health check, by node -e 0", median(check) / median(empty), "times", { most: 2 })
  figure("health check, peak memory, by node -e 0", memory, "times", { most: 2 })
}

const residentKilobytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1])
const ticks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ")
  return Number(fields[11]) + Number(fields[12])
}

const idleCosts = async () => {
  const empty = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e9)"], { stdio: "ignore" })
  children.add(empty)
  const agent = await startAgent(adminAlone)
  await until(async () => (await get(agent.api, "/ready"))?.status === 200)
  await pause(5000)
  const memory = residentKilobytes(agent.child.pid) / residentKilobytes(empty.pid)
  console.log(
    `      resident: agent ${(residentKilobytes(agent.child.pid) / 1024).toFixed(0)} MB, empty Node ${(residentKilobytes(empty.pid) / 1024).toFixed(0)} MB`
  )
  figure("resident memory after 5 s idle, by an empty Node process", memory, "times", { aim: 1.7, most: 1.9 })
  // V8 tidies up for some seconds after a start.
  await pause(5000)
  const before = ticks(agent.child.pid)
  const seconds = 20
  await pause(seconds * 1000)
  figure("idle CPU", (ticks(agent.child.pid) - before) / seconds, "%", { most: 1 })
  await agent.stop()
  empty.kill("SIGKILL")
}

/** Only the first restart comes at once, so each agent gives one figure. */
const afterCrash = async () => {
  const times = []
  for (let i = 0; i < 5; i += 1) {
    rmSync(mark, { force: true })
    const agent = await startAgent(() => ({ ...serviceConnect(), APPNET_ENVOY_RESTART_COUNT: "1" }))
    await until(() => existsSync(mark))
    const { envoyPid } = JSON.parse((await get(agent.api, "/status")).body)
    await pause(200)
    rmSync(mark, { force: true })
    const killed = now()
    process.kill(Number(envoyPid), "SIGKILL")
    await until(() => existsSync(mark))
    times.push(Number(readFileSync(mark, "utf8")) / 1e6 - killed)
    await agent.stop()
  }
  figure("new Envoy forked after a crash", median(times), "ms", { most: 20 })
}

const healthyAfterLive = async () => {
  const times = []
  for (let i = 0; i < 5; i += 1) {
    const agent = await startAgent(adminAlone)
    const live = await until(async () => {
      const answer = await get(agent.admin, "/ready")
      return answer?.body.trim() === "LIVE" ? answer.at : undefined
    })
    const healthy = await until(async () => {
      const answer = await get(agent.api, "/ready")
      return answer?.status === 200 ? answer.at : undefined
    })
    times.push(healthy - live)
    await agent.stop()
  }
  figure("HEALTHY after Envoy is LIVE", median(times), "ms", { most: 250 })
}

const bootstrapTime = async () => {
  const program = `${folder}/generate.mjs`
  await build({
    entryPoints: [`${root}bench/generate.ts`],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` },
    plugins: [yamlForEsbuild],
    logLevel: "warning"
  })
  const times = []
  for (let i = 0; i < rounds; i += 1) {
    const { status, stderr, stdout } = spawnSync(process.execPath, [program], { encoding: "utf8" })
    if (status !== 0) throw new Error(`no bootstrap was made: ${stderr}`)
    times.push(Number(stdout))
  }
  figure("the first bootstrap of a process", median(times), "ms", { most: 15 })
}

/** A process that says at its end how much memory it had at most. */
const withPeak =
  "--import=data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))"

/** What a file may cost that is refused: one that is far too long, and ones that are all words or all brackets. */
const wrongFiles = () => {
  const line = "# padding padding padding\n"
  const contents = {
    "50 MB": line.repeat(2e6),
    "500 kB of one list": `a: [${"1,".repeat(250_000)}]`,
    "500 kB of brackets": `a: ${"[".repeat(500_000)}`,
    "500 kB of clusters": `static_resources:\n  clusters:\n${"  - { name: a, type: STATIC, connect_timeout: 1s }\n".repeat(10_000)}`,
    "an alias bomb": `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`).join("\n")}`
  }
  const path = `${folder}/wrong.yaml`
  for (const [what, content] of Object.entries(contents)) {
    writeFileSync(path, content)
    const env = {
      ...serviceConnect(),
      PATH: process.env.PATH,
      NODE_OPTIONS: withPeak,
      ENVOY_RESOURCES_CONFIG_FILE: path
    }
    const began = now()
    const { status, stderr } = spawnSync(process.execPath, [agentFile, "bootstrap"], { env, encoding: "utf8" })
    const seconds = (now() - began) / 1000
    if (status !== 1 || !stderr.includes("wrong.yaml: line ")) throw new Error(`${what}: ${status} ${stderr}`)
    figure(`refusing ${what}`, seconds, "s", { most: 2 })
    figure(`refusing ${what}, peak memory`, Number(/peak (\d+)/.exec(stderr)[1]) / 1024, "MB", { most: 200 })
  }
}

/** An agent on an Envoy that only its admin is there of. */
const withAdmin = (admin, environment) =>
  startAgent(() => ({ ...adminAlone({ admin }), APPNET_ENVOY_PATH: marking, ...environment }))

const parts = {
  bootstrap: bootstrapTime,
  files: wrongFiles,
  stats: () => statsBench({ children, figure, freePort, root, startAgent: withAdmin, until }),
  logs: () => logsBench({ figure, folder, root, startAgent }),
  start: startTimes,
  check: healthCheckCost,
  health: healthyAfterLive,
  crash: afterCrash,
  relay: () => relayBench({ figure, folder, freePort, get, now, pause, startAgent, until }),
  idle: idleCosts
}
const wanted = process.argv.slice(3)
for (const [name, measure] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await measure()
process.exitCode = figures.every(({ most, value }) => value <= most) ? 0 : 1
