// Starts the built agent in a folder of this run. The folder and all processes are gone when the run ends.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { freePort } from "./http.ts"
import { until } from "./timing.ts"

export const root = fileURLToPath(new URL("../", import.meta.url))
export const agentFile = `${root}dist/agent.mjs`
export const folder = mkdtempSync(`${tmpdir()}/appnet-bench-`)
export const envoyPath = execFileSync("sh", [`${root}scripts/envoy.sh`], { encoding: "utf8" }).trim()

export type Environment = Readonly<Record<string, string>>

/** The search path of every process that the bench starts. */
export const PATH = process.env.PATH ?? ""

const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a process that is killed when this run ends, if it still runs. */
export const start = (command: string, words: ReadonlyArray<string>, options: SpawnOptions): ChildProcess => {
  const child = spawn(command, words, options)
  children.add(child)
  child.once("close", () => children.delete(child))
  return child
}

export interface Ports {
  /** Of the management API. */
  readonly api: number
  /** Of Envoy's admin, for an environment that uses it. */
  readonly admin: number
}

export interface Agent extends Ports {
  readonly pid: number
  /** Ends the agent by SIGTERM, and waits for its end. */
  readonly stop: () => Promise<void>
}

export const startAgent = async (environment: (ports: Ports) => Environment): Promise<Agent> => {
  const ports = { api: await freePort(), admin: await freePort() }
  const child = start(process.execPath, [agentFile], {
    stdio: "ignore",
    env: {
      PATH,
      APPNET_ENVOY_PATH: envoyPath,
      APPNET_RUN_DIR: folder,
      APPNET_AGENT_ADMIN_MODE: "tcp",
      APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.1",
      APPNET_AGENT_HTTP_PORT: `${ports.api}`,
      LISTENER_DRAIN_MIN_WAIT_TIME_S: "0",
      LISTENER_DRAIN_WAIT_TIME_S: "1",
      ENVOY_CONCURRENCY: "1",
      ...environment(ports)
    }
  })
  const exited = new Promise((done) => child.once("exit", done))
  return {
    ...ports,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill("SIGTERM")
      await exited
    }
  }
}

/** An own bootstrap with nothing but an admin: a real Envoy is LIVE with it at once. */
export const adminOnly = ({ admin }: Pick<Ports, "admin">): Environment => {
  const path = `${folder}/own-${admin}.yaml`
  writeFileSync(path, `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }\n`)
  return { ENVOY_CONFIG_FILE: path }
}

/** A stand-in for Envoy. It answers `--version` as the real one does, and writes down when it was started. */
const standIn = `${folder}/envoy`
const startMark = `${folder}/mark`
writeFileSync(
  standIn,
  `#!/bin/sh
[ "$1" = --version ] && exec ${envoyPath} --version
date +%s%N > ${startMark}.new; mv ${startMark}.new ${startMark}
exec sleep 100
`,
  { mode: 0o755 }
)

/** Service Connect mode on the stand-in for Envoy. */
export const standInEnvoy = (): Environment => ({
  APPNET_ENVOY_PATH: standIn,
  APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
  APPMESH_RESOURCE_ARN: "task-set/cluster/service/bench"
})

export const forgetStart = (): void => rmSync(startMark, { force: true })

/** Waits until the stand-in is started; answers when that was, on the clock of `now`. */
export const startOfStandIn = async (): Promise<number> => {
  await until(() => existsSync(startMark))
  return Number(readFileSync(startMark, "utf8")) / 1e6
}
