// Starts the built agent in a private folder and on free ports. What is left of it is removed when the test ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from "node:fs"
import http from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export const root = fileURLToPath(new URL("../../", import.meta.url))
export const agentFile = `${root}dist/agent.mjs`
export const envoyPath = execFileSync("sh", [`${root}scripts/envoy.sh`], { encoding: "utf8" }).trim()

const usedPorts = new Set<number>()

/** A loopback port on which nobody listens. No port is given out twice by this process. */
export const freePort = async (): Promise<number> => {
  const server = net.createServer()
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  const port = typeof address === "object" && address !== null ? address.port : 0
  if (usedPorts.has(port)) return freePort()
  usedPorts.add(port)
  return port
}

/** A new folder, which is removed when the test ends. */
export const privateFolder = (): string => {
  const folder = mkdtempSync(`${tmpdir()}/appnet-e2e-`)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Calls `look` every 20 ms until it finds something. Rejects after `seconds`, naming `what` it waited for. */
export const eventually = async <A>(
  look: () => A | undefined | false | Promise<A | undefined | false>,
  what: string,
  seconds = 20
): Promise<A> => {
  const end = performance.now() + seconds * 1000
  let last: unknown
  while (performance.now() < end) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      last = error
    }
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error(`not within ${seconds} s: ${what}${last === undefined ? "" : ` (${last})`}`)
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Sends one request to `http://host:port` or `unix:/path`. */
export const ask = (address: string, path: string, options: http.RequestOptions = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const where = address.startsWith("unix:")
      ? { socketPath: address.slice("unix:".length), path }
      : { host: new URL(address).hostname.replace(/^\[|\]$/g, ""), port: new URL(address).port, path }
    const request = http.request({ ...where, agent: false, timeout: 5000, ...options }, (response) => {
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (part) => {
        body += part
      })
      response.on("error", reject)
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s")))
    request.on("error", reject)
    request.end()
  })

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie counts as ended.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return false
  }
}

/** Living processes whose command line or APPNET_RUN_DIR names this folder: an agent that runs in it, and its children. */
export const processesOf = (folder: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1")
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1")
        return (words.includes(folder) || environment.includes(`APPNET_RUN_DIR=${folder}`)) && isAlive(pid)
      } catch {
        return false
      }
    })

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Agent {
  readonly pid: number
  readonly folder: string
  /** The address of the management API, as `ask` takes it. */
  readonly address: string
  readonly child: ChildProcess
  /** The output so far, of agent and Envoy. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: Promise<Exit>
  readonly status: () => Promise<Readonly<Record<string, string>>>
  /** Waits until `/status` has these fields, for 20 s unless given. Answers the whole status. */
  readonly until: (
    fields: Readonly<Record<string, string>>,
    seconds?: number
  ) => Promise<Readonly<Record<string, string>>>
  readonly envoyPid: () => Promise<number>
  readonly environment: Readonly<Record<string, string>>
}

export interface AgentOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly words?: ReadonlyArray<string>
  readonly folder?: string
  /** A command that starts the agent: it executes the words that are appended to it. */
  readonly under?: ReadonlyArray<string>
  /** Whether the agent is started by its file, whose first line names the interpreter, and not by `node`. */
  readonly byFile?: boolean
}

/** The environment of an agent in `folder`. No port or path of it is shared with another test. */
export const agentEnvironment = async (folder: string): Promise<Readonly<Record<string, string>>> => ({
  PATH: process.env.PATH ?? "",
  HOME: folder,
  APPNET_ENVOY_PATH: envoyPath,
  APPNET_RUN_DIR: folder,
  APPNET_AGENT_ADMIN_MODE: "tcp",
  APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.1",
  APPNET_AGENT_HTTP_PORT: `${await freePort()}`,
  APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1",
  ENVOY_ADMIN_ACCESS_PORT: `${await freePort()}`,
  ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null",
  ENVOY_CONCURRENCY: "1",
  HC_POLL_INTERVAL_MS: "2000",
  LISTENER_DRAIN_MIN_WAIT_TIME_S: "0"
})

const collect = (stream: NodeJS.ReadableStream | null): (() => string) => {
  let text = ""
  stream?.on("data", (part: Buffer) => {
    text += part.toString("latin1")
  })
  return () => text
}

/** Starts `node dist/agent.mjs`. Its processes are killed when the test ends; with E2E_HOLD=1, when the agent has ended. */
export const startAgent = async (options: AgentOptions = {}): Promise<Agent> => {
  const folder = options.folder ?? privateFolder()
  const interpreterPath: Readonly<Record<string, string>> =
    options.byFile === true ? { PATH: `${dirname(process.execPath)}:${process.env.PATH}` } : {}
  const environment: Readonly<Record<string, string>> = {
    ...(await agentEnvironment(folder)),
    ...interpreterPath,
    ...options.environment
  }
  const [command = process.execPath, ...words] = [
    ...(options.under ?? []),
    ...(options.byFile === true ? [] : [process.execPath]),
    agentFile,
    ...(options.words ?? [])
  ]
  const child = spawn(command, words, { env: environment, stdio: ["ignore", "pipe", "pipe"] })
  const exited = new Promise<Exit>((resolve) =>
    child.once("exit", (code, signal) => {
      // Output may arrive after the exit; a child that keeps the pipe open delays this for 1 s at most.
      const end = () => resolve({ code, signal })
      child.once("close", end)
      setTimeout(end, 1000)
    })
  )
  const unix = environment.APPNET_AGENT_ADMIN_MODE === "uds"
  const address = unix
    ? `unix:${environment.APPNET_AGENT_ADMIN_UDS_PATH}`
    : `http://${environment.APPNET_AGENT_HTTP_BIND_ADDRESS}:${environment.APPNET_AGENT_HTTP_PORT}`
  onTestFinished(async () => {
    if (process.env.E2E_HOLD === "1") {
      const admin = `http://127.0.0.1:${environment.ENVOY_ADMIN_ACCESS_PORT}`
      console.log(`held: API ${address}, Envoy's admin ${admin}, folder ${folder}; to go on: kill ${child.pid}`)
      await exited
    }
    child.kill("SIGKILL")
    await exited
    for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL")
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const status = async () => JSON.parse((await ask(address, "/status")).body)
  let last: Readonly<Record<string, string>> = {}
  return {
    pid: child.pid ?? 0,
    folder,
    address,
    child,
    stdout,
    stderr,
    exited,
    status,
    until: (fields, seconds) =>
      eventually(
        async () => {
          if (child.exitCode !== null)
            throw new Error(`the agent exited with ${child.exitCode}: ${stderr().slice(-2000)}`)
          last = await status()
          return Object.entries(fields).every(([name, value]) => last[name] === value) && last
        },
        `${JSON.stringify(fields)} in ${address}/status`,
        seconds
      ).catch((error) => {
        throw new Error(`${error.message}: last ${JSON.stringify(last)}\n${stderr().slice(-3000)}`)
      }),
    envoyPid: async () => Number((await status()).envoyPid),
    environment
  }
}

/** The names in a folder; none if it does not exist. */
export const filesIn = (folder: string): ReadonlyArray<string> => (existsSync(folder) ? readdirSync(folder) : [])

/** The folder of the agent's own files, in the folder that it runs in; undefined while there is none. */
export const ownFolderIn = (folder: string): string | undefined => {
  const name = filesIn(folder).find((name) => /^appnet-agent-\w{6}$/.test(name))
  return name === undefined ? undefined : `${folder}/${name}`
}

/** Runs a command of the built agent to its end. */
export const runAgent = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [agentFile, ...words], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"]
    })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.once("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }))
  })

/** The path, or the kind and number, of what a process has open as file descriptor `fd`. */
export const openAs = (pid: number, fd: number): string => readlinkSync(`/proc/${pid}/fd/${fd}`)

/**
 * Has the real Envoy validate a bootstrap; answers its objections, or an empty text. Its output goes to a file, since Envoy
 * cannot open the socket that Node makes for a pipe.
 */
export const objectionsTo = async (folder: string, bootstrap: unknown): Promise<string> => {
  const path = `${folder}/${randomUUID()}`
  writeFileSync(`${path}.json`, JSON.stringify(bootstrap))
  const output = openSync(`${path}.out`, "w")
  const words = ["--mode", "validate", "-l", "error", "-c", `${path}.json`]
  const child = spawn(envoyPath, words, { stdio: ["ignore", output, output] })
  const code = await new Promise<number | null>((done) => child.once("exit", done))
  closeSync(output)
  return code === 0 ? "" : `${code}: ${readFileSync(`${path}.out`, "utf8")}`
}
