// The agent as a child process: its environment, its output, and its end.
import { execFile, spawn } from "node:child_process"
import type { Output, OutputName } from "./output.ts"
import { host, type Ports } from "./ports.ts"
import { agentFile, root } from "./prerequisites.ts"

export interface AgentOptions {
  readonly envoy: string
  /** For the agent's own files. */
  readonly folder: string
  readonly ports: Ports
  /** `host:port`. */
  readonly controlPlane: string
  readonly output: Output
  /** Called with each part of the output of the agent and Envoy. */
  readonly onOutput: (text: string) => void
}

export interface AgentProcess {
  readonly pid: number
  /** Aborted when the process has ended. */
  readonly ended: AbortSignal
  /** Resolves when the process has ended and its output was forwarded. Never rejects. */
  readonly exit: Promise<AgentExit>
  /** Asks the agent to drain and stop Envoy; called again, to skip the wait. It is killed if that takes too long. */
  readonly stop: () => void
  /** Ends the agent, and Envoy with it, without a drain. */
  readonly kill: () => void
}

export interface AgentExit {
  /** Undefined where a signal ended it, or it could not be started. */
  readonly code: number | undefined
  /** `exit code 0`, `SIGKILL`, or why it could not be started. */
  readonly words: string
}

/** Settings that the user's environment may override. */
const defaultSettings = {
  // Envoy logs each SIGTERM as a warning. What it rejects of the mesh is reported by the control plane.
  ENVOY_LOG_LEVEL: "error",
  ENVOY_CONCURRENCY: "1",
  APPNET_ENVOY_RESTART_COUNT: "10",
  HC_POLL_INTERVAL_MS: "2000",
  LISTENER_DRAIN_MIN_WAIT_TIME_S: "1"
}

/** Settings that the demo depends on. An empty value counts as unset. */
const fixedSettings = ({ controlPlane, envoy, folder, ports }: AgentOptions) => ({
  APPNET_XDS_MODE: "grpc",
  APPMESH_XDS_ENDPOINT: controlPlane,
  APPNET_NODE_ID: "demo",
  APPNET_NODE_CLUSTER: "demo",
  APPNET_ENABLE_RELAY_MODE_FOR_XDS: "",
  APPNET_XDS_TOKEN_FILE: "",
  ENVOY_CONFIG_FILE: "",
  ENVOY_RESOURCES_CONFIG_FILE: `${root}resources/demo/envoy.yaml`,
  APPNET_ENVOY_PATH: envoy,
  APPNET_RUN_DIR: folder,
  APPNET_AGENT_ADMIN_MODE: "tcp",
  APPNET_AGENT_HTTP_BIND_ADDRESS: host,
  APPNET_AGENT_HTTP_PORT: `${ports.agent}`,
  ENVOY_ADMIN_MODE: "tcp",
  APPNET_ENVOY_ADMIN_ADDRESS: host,
  ENVOY_ADMIN_ACCESS_PORT: `${ports.admin}`,
  ENVOY_ADMIN_ACCESS_LOG_FILE: `${folder}/admin.log`,
  LISTENER_DRAIN_WAIT_TIME_S: "5"
})

const deathSignal = ["--pdeathsig", "TERM", "--"]

/** A prefix with which the kernel stops the agent when this process is killed. Empty where `setpriv` does not work. */
const findPrefix = () =>
  new Promise<ReadonlyArray<string>>((resolve) => {
    execFile("setpriv", [...deathSignal, "true"], (error) => resolve(error === null ? ["setpriv", ...deathSignal] : []))
  })

/** Milliseconds after which an agent that was asked to stop is killed. Its drain takes 5 s, the end of Envoy 3 s. */
const stopTimeout = 15_000
/** Milliseconds in which the output of an agent that has ended must be read. */
const outputTimeout = 1000

export const startAgent = async (options: AgentOptions): Promise<AgentProcess> => {
  const [command = process.execPath, ...words] = [...(await findPrefix()), process.execPath, agentFile]
  const child = spawn(command, words, {
    // Ctrl-C on a terminal reaches the demo alone, which then stops the agent.
    detached: true,
    // Not the demo's own outputs: this user may not be allowed to open them again, which Envoy does.
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...defaultSettings, ...process.env, ...fixedSettings(options) }
  })
  const kill = () => void child.kill("SIGKILL")
  // The agent is gone before the folder is removed that it writes to.
  process.prependOnceListener("exit", kill)
  const ended = new AbortController()
  const forward = (name: OutputName) => options.output.forward(child[name], name, options.onOutput)
  const forwarded = Promise.allSettled([forward("stdout"), forward("stderr")])
  let deadline: NodeJS.Timeout | undefined

  const exit = new Promise<AgentExit>((resolve) => {
    const end = (exit: AgentExit) => {
      clearTimeout(deadline)
      process.off("exit", kill)
      ended.abort()
      // A process that the agent left behind could hold its output open.
      const timeout = new Promise((done) => setTimeout(done, outputTimeout).unref())
      resolve(Promise.race([forwarded, timeout]).then(() => exit))
    }
    child.once("error", (error) => end({ code: undefined, words: error.message }))
    child.once("exit", (code, signal) =>
      end({ code: code ?? undefined, words: signal === null ? `exit code ${code}` : `${signal}` })
    )
  })

  return {
    pid: child.pid ?? 0,
    ended: ended.signal,
    exit,
    stop: () => {
      if (ended.signal.aborted) return
      child.kill("SIGTERM")
      deadline ??= setTimeout(kill, stopTimeout)
    },
    kill
  }
}
