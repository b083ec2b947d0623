// The texts for the user while the mesh runs. Lines fit into 40 columns, except for commands to copy.
import type { AgentStatus } from "./agentStatus.ts"
import { host, type Ports } from "./ports.ts"
import type { TrafficCount } from "./traffic.ts"

export interface RunningMesh {
  readonly ports: Ports
  readonly agentPid: number
  readonly controlPlane: string
  readonly meshFile: string
  readonly status: AgentStatus
}

export const welcome = ({ agentPid, controlPlane, meshFile, ports, status }: RunningMesh): ReadonlyArray<string> => [
  "",
  `Envoy is ${status.envoyState} and ${status.healthStatus}.`,
  "",
  `  listener      http://${host}:${ports.listener}`,
  `  upstream      http://${host}:${ports.upstream}`,
  `  agent         http://${host}:${ports.agent}`,
  `                pid ${agentPid}`,
  `  Envoy's admin http://${host}:${ports.admin}`,
  `                pid ${status.envoyPid}`,
  `  control plane ${controlPlane}`,
  `  mesh          ${meshFile}`,
  "",
  "Five requests a second go through it.",
  "Try this in another terminal:",
  "",
  "# what the agent reports",
  `curl -s http://${host}:${ports.agent}/status`,
  "",
  "# another mesh: Envoy takes it at once",
  `sed -i 's/hello from the mesh/good morning/' ${meshFile}; sleep 1; curl http://${host}:${ports.listener}/hello`,
  "",
  "# the agent starts Envoy again",
  `kill -9 ${status.envoyPid}`,
  "",
  "Ctrl-C stops all of it.",
  ""
]

/** The parts of the status line, the most important first. */
export const progress = (status: AgentStatus | undefined, { failed, ok }: TrafficCount): ReadonlyArray<string> =>
  status === undefined
    ? ["The agent does not answer", `${ok} requests ok`, `${failed} failed`]
    : [
        `${status.healthStatus}`,
        `${ok} requests ok`,
        `${failed} failed`,
        `${status.envoyRestartCount} restarts`,
        `control plane ${status.managementServerConnectionStatus}`
      ]
