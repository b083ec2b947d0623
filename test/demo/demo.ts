// Starts the demo as `npm start` does, with a private TMPDIR, and kills what is left of it after the test.
import { type ChildProcess, spawn } from "node:child_process"
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { ask, envoyPath, eventually, isAlive, privateFolder, root } from "../e2e/agent.ts"

const terminalProgram = fileURLToPath(new URL("terminal.py", import.meta.url))

/** The usual user id of `nobody`, who owns no file here. */
export const otherUser = 65_534
export const asOtherUser = ["setpriv", `--reuid=${otherUser}`, `--regid=${otherUser}`, "--clear-groups"]

/** What `npm start` executes. */
const demoCommand = ["sh", "scripts/node.sh", "demo/main.ts"]

export interface DemoOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** The folder that contains the demo. Default: the repository. */
  readonly tree?: string
  /** A command that executes the command behind it. */
  readonly under?: ReadonlyArray<string>
  /** Default: the command that `npm start` executes. */
  readonly command?: ReadonlyArray<string>
  /** Starts the demo on a terminal with this many columns. */
  readonly columns?: number
  /** An empty folder for its TMPDIR. Default: a new one. */
  readonly folder?: string
}

export interface Demo {
  readonly child: ChildProcess
  /** Its TMPDIR. */
  readonly folder: string
  /** On a terminal, this is all output. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly all: () => string
  /** Resolves when the demo has ended and its output is read. */
  readonly exited: Promise<number | null>
  /** Waits until the output matches, and returns the match. */
  readonly says: (expected: RegExp, seconds?: number) => Promise<RegExpExecArray>
  /** Waits until the mesh is HEALTHY. */
  readonly started: () => Promise<RunningDemo>
  /** Sends an order to terminal.py. */
  readonly order: (order: string) => void
  readonly leftovers: () => Leftovers
}

export interface RunningDemo {
  readonly ports: Readonly<Record<"listener" | "upstream" | "agent" | "admin", number>>
  readonly agentPid: number
  readonly envoyPid: number
}

export interface Leftovers {
  /** Command lines of processes of this demo. */
  readonly processes: ReadonlyArray<string>
  /** Files in its TMPDIR. */
  readonly files: ReadonlyArray<string>
}

export const nothing: Leftovers = { processes: [], files: [] }

/** Running processes whose environment contains this folder. */
export const processesIn = (folder: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(folder) && isAlive(pid)
      } catch {
        return false
      }
    })

export const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")
  } catch {
    return `${pid}`
  }
}

const kill = (pid: number) => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // The process has ended in the meantime.
  }
}

const collect = (stream: NodeJS.ReadableStream | null): (() => string) => {
  let text = ""
  stream?.setEncoding("utf8")
  stream?.on("data", (part: string) => {
    text += part
  })
  return () => text
}

const number = (text: string | undefined) => Number(text ?? Number.NaN)

const runningDemo = (output: string): RunningDemo | undefined => {
  const port = (name: string) => number(new RegExp(`${name}\\s+http://127\\.0\\.0\\.1:(\\d+)`).exec(output)?.[1])
  const pid = (name: string) => number(new RegExp(`${name}\\s+http://\\S+\\s+pid (\\d+)`).exec(output)?.[1])
  if (!output.includes("Ctrl-C stops all of it.")) return undefined
  return {
    ports: {
      listener: port("listener"),
      upstream: port("upstream"),
      agent: port("agent"),
      admin: port("Envoy's admin")
    },
    agentPid: pid("agent"),
    envoyPid: pid("Envoy's admin")
  }
}

export const startDemo = (options: DemoOptions = {}): Demo => {
  const folder = options.folder ?? privateFolder()
  const words = [...(options.under ?? []), ...(options.command ?? demoCommand)]
  const [command = "", ...rest] =
    options.columns === undefined ? words : ["python3", terminalProgram, `${options.columns}`, ...words]
  const child = spawn(command, rest, {
    cwd: options.tree ?? root,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      TERM: "xterm",
      TMPDIR: folder,
      LISTENER_DRAIN_MIN_WAIT_TIME_S: "0",
      ...options.environment
    }
  })
  // The terminal may have ended when an order is sent.
  child.stdin.on("error", () => {})
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const all = () => stdout() + stderr()
  const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
  onTestFinished(async () => {
    child.kill("SIGKILL")
    for (const pid of processesIn(folder)) kill(pid)
    await exited
  })
  const says = async (expected: RegExp, seconds?: number) => {
    const what = `the demo's output ${expected}`
    try {
      return await eventually(() => expected.exec(all()) ?? undefined, what, seconds)
    } catch (error) {
      throw new Error(`${error}, only:\n${all()}`)
    }
  }
  return {
    child,
    folder,
    stdout,
    stderr,
    all,
    exited,
    says,
    started: async () => {
      await says(/Ctrl-C stops all of it\./)
      const running = runningDemo(all())
      if (running === undefined) throw new Error(`no ports in:\n${all()}`)
      return running
    },
    order: (order) => void child.stdin.write(`${order}\n`),
    leftovers: () => ({
      processes: processesIn(folder).map(commandLine),
      files: readdirSync(folder).filter((name) => name.startsWith("appnet-"))
    })
  }
}

/** What the management API of a running demo reports. */
export const statusOf = async ({ ports }: RunningDemo): Promise<Readonly<Record<string, string>>> =>
  JSON.parse((await ask(`http://127.0.0.1:${ports.agent}`, "/status")).body)

/** A copy of the files that the demo reads, for tests that change them. Every user may read it. */
export const copyTree = ({ isBuilt = true }: { readonly isBuilt?: boolean } = {}): string => {
  const tree = privateFolder()
  chmodSync(tree, 0o755)
  for (const name of ["demo", "resources", "scripts", "src", "package.json", ...(isBuilt ? ["dist"] : [])]) {
    cpSync(`${root}${name}`, `${tree}/${name}`, { recursive: true, preserveTimestamps: true })
  }
  // The agent must be newer than the folders in src, which have the time of the copy.
  if (isBuilt) utimesSync(`${tree}/dist/agent.mjs`, new Date(), new Date())
  for (const name of ["node_modules", ".envoy"]) symlinkSync(`${root}${name}`, `${tree}/${name}`)
  return tree
}

/** A program that has the version of Envoy, and otherwise does nothing. */
export const silentEnvoy = (): string => {
  const path = `${privateFolder()}/envoy`
  const script = `#!/bin/sh\n[ "$1" = --version ] && exec ${envoyPath} --version\nexec sleep 600\n`
  writeFileSync(path, script, { mode: 0o755 })
  return path
}

/** A private folder that the other user may write to. */
export const folderOfOtherUser = (): string => {
  const parent = privateFolder()
  chmodSync(parent, 0o755)
  const folder = `${parent}/tmp`
  mkdirSync(folder)
  chownSync(folder, otherUser, otherUser)
  return folder
}
