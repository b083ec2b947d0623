// `npm start`: a mesh of one, on loopback. The agent runs a real Envoy against the control plane in this process, and a
// little traffic flows through it. Everything is gone when it stops.
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import http from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import { startControlPlane } from "./ControlPlane.ts"
import { onMeshChange, readMesh } from "./meshFile.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const agentFile = `${root}dist/agent.mjs`
const meshFile = `${root}resources/demo/mesh.yaml`
const host = "127.0.0.1"

const say = (...lines: ReadonlyArray<string>) => process.stdout.write(`${lines.join("\n")}\n`)
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds))

const newest = (folder: string): number =>
  Math.max(...readdirSync(folder, { recursive: true }).map((name) => statSync(`${folder}/${name}`).mtimeMs))

/** The Envoy to run; `scripts/envoy.sh` says what to do where there is none. */
const findEnvoy = (): string => {
  try {
    return execFileSync("sh", [`${root}scripts/envoy.sh`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"]
    }).trim()
  } catch {
    return process.exit(1)
  }
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = net.createServer()
    server.once("error", () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })

/** This port, or the next one that is free. */
const freePort = async (from: number): Promise<number> => ((await isFree(from)) ? from : freePort(from + 1))

const get = (port: number, path: string) =>
  new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const request = http.get({ host, port, path, agent: false, timeout: 2000 }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (part) => {
        body += part
      })
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on("timeout", () => request.destroy(new Error("no answer in 2 s")))
    request.on("error", reject)
  })

const envoy = findEnvoy()
if (!existsSync(agentFile) || newest(`${root}src`) > statSync(agentFile).mtimeMs) {
  execFileSync(process.execPath, [`${root}scripts/build.ts`], { stdio: "inherit" })
}

const folder = mkdtempSync(`${tmpdir()}/appnet-demo-`)
const ports = {
  listener: await freePort(10_080),
  upstream: await freePort(10_081),
  agent: await freePort(9902),
  admin: await freePort(9901)
}
const inFile = new Map([
  [10_080, ports.listener],
  [10_081, ports.upstream]
])

let served = 0
const upstream = http.createServer((_request, response) => {
  served += 1
  response.end(`hello from the upstream, request ${served}\n`)
})
await new Promise<void>((done) => upstream.listen(ports.upstream, host, done))

const plane = await startControlPlane({ address: `unix://${folder}/xds.sock`, resources: readMesh(meshFile, inFile) })
const unwatch = onMeshChange(meshFile, () => {
  try {
    plane.update(readMesh(meshFile, inFile))
    say(`\n${relative(root, meshFile)} changed: sent to Envoy`)
  } catch (error) {
    say(`\n${relative(root, meshFile)} is not served: ${error instanceof Error ? error.message : error}`)
  }
})

const agent = spawn(process.execPath, [agentFile], {
  // Ctrl-C is the demo's own: it takes the agent down in order.
  detached: true,
  stdio: ["ignore", "inherit", "inherit"],
  env: {
    ...process.env,
    APPMESH_XDS_ENDPOINT: `unix://${folder}/xds.sock`,
    APPMESH_RESOURCE_ARN: "arn:aws:ecs:us-west-2:123456789012:task-set/demo/hello/ecs-svc/1",
    APPNET_ENVOY_PATH: envoy,
    APPNET_RUN_DIR: folder,
    APPNET_AGENT_ADMIN_MODE: "tcp",
    APPNET_AGENT_HTTP_BIND_ADDRESS: host,
    APPNET_AGENT_HTTP_PORT: `${ports.agent}`,
    APPNET_ENVOY_ADMIN_ADDRESS: host,
    ENVOY_ADMIN_ACCESS_PORT: `${ports.admin}`,
    ENVOY_ADMIN_ACCESS_LOG_FILE: `${folder}/admin.log`,
    ENVOY_LOG_LEVEL: "warn",
    ENVOY_CONCURRENCY: "1",
    APPNET_ENVOY_RESTART_COUNT: "10",
    HC_POLL_INTERVAL_MS: "2000",
    LISTENER_DRAIN_MIN_WAIT_TIME_S: "1"
  }
})

let stopping = false
let exitCode = 0
const agentGone = new Promise<void>((resolve) =>
  agent.once("exit", (code, signal) => {
    exitCode = code ?? 1
    if (!stopping) say(`\nThe agent ended by itself (${signal ?? `exit code ${code}`}).`)
    resolve()
  })
)

/** Ends everything in order, once. */
const stop = async (why: string) => {
  if (stopping) return
  stopping = true
  say(`\n${why}: the agent drains and stops Envoy ...`)
  agent.kill("SIGTERM")
  await agentGone
}
process.on("SIGINT", () => void stop("Ctrl-C"))
process.on("SIGTERM", () => void stop("SIGTERM"))

const readStatus = async (): Promise<Readonly<Record<string, string>> | undefined> => {
  try {
    return JSON.parse((await get(ports.agent, "/status")).body)
  } catch {
    return undefined
  }
}

const running = () => !stopping && agent.exitCode === null && agent.signalCode === null

let status = await readStatus()
while (running() && status?.healthStatus !== "HEALTHY") {
  await pause(50)
  status = await readStatus()
}

const traffic = { ok: 0, failed: 0, last: "" }
const seconds = Number(process.env.DEMO_SECONDS ?? Number.POSITIVE_INFINITY)

if (running() && status !== undefined) {
  say(
    "",
    `Envoy is ${status.envoyState}, ${status.managementServerConnectionStatus} to the control plane, ${status.healthStatus}.`,
    "",
    `  listener       http://${host}:${ports.listener}/         (five requests a second go through it)`,
    `  agent          http://${host}:${ports.agent}/status   pid ${agent.pid}`,
    `  Envoy's admin  http://${host}:${ports.admin}/         pid ${status.envoyPid}`,
    `  control plane  ${plane.address}, serves ${relative(process.cwd(), meshFile)}`,
    "",
    "Three things to try in another terminal:",
    "",
    `  curl -s http://${host}:${ports.agent}/status`,
    `  sed -i 's/hello from the mesh/good morning/' ${relative(process.cwd(), meshFile)}; sleep 1; curl http://${host}:${ports.listener}/hello`,
    `  kill -9 ${status.envoyPid}                       # the agent starts Envoy again at once`,
    "",
    "Ctrl-C stops all of it.",
    ""
  )
}

const line = (now: Readonly<Record<string, string>> | undefined) =>
  `${now?.healthStatus ?? "no answer"}, ${now?.managementServerConnectionStatus ?? "-"}, ` +
  `restarts ${now?.envoyRestartCount ?? "-"}, requests ${traffic.ok} ok, ${traffic.failed} failed`

const began = performance.now()
let shown = 0
while (running() && performance.now() - began < seconds * 1000) {
  try {
    const { body, status: code } = await get(ports.listener, "/")
    if (code === 200) traffic.ok += 1
    else traffic.failed += 1
    traffic.last = body.trim()
  } catch {
    traffic.failed += 1
  }
  const now = performance.now()
  if (now - shown > (process.stdout.isTTY ? 500 : 5000)) {
    shown = now
    const text = line(await readStatus())
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
  }
  await pause(200)
}

const ended = !running() && !stopping
if (!ended) await stop("Time is up")
await agentGone
unwatch()
await plane.close()
upstream.closeAllConnections()
upstream.close()
rmSync(folder, { recursive: true, force: true })
say(`Done: ${traffic.ok} requests ok, ${traffic.failed} failed; the agent's exit code is ${exitCode}.`)
process.exitCode = ended ? 1 : exitCode !== 0 || (Number.isFinite(seconds) && traffic.failed > 0) ? 1 : 0
