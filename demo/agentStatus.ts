// Asks the agent's management API about the agent and Envoy.
import { existsSync, readFileSync } from "node:fs"
import { get } from "./http.ts"
import { pause } from "./timing.ts"

/** The fields of `/status`, all of them texts. */
export type AgentStatus = Readonly<Record<string, string>>

const isStatus = (json: unknown): json is AgentStatus => typeof json === "object" && json !== null

/** Undefined where the agent does not answer. */
export const readStatus = async (port: number): Promise<AgentStatus | undefined> => {
  try {
    const json: unknown = JSON.parse((await get(port, "/status")).body)
    return isStatus(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** The health and its reason, like `UNHEALTHY: Envoy is PRE_INITIALIZING`. */
export const readReason = async (port: number): Promise<string | undefined> => {
  try {
    return (await get(port, "/ready")).body.trim()
  } catch {
    return undefined
  }
}

/** Whether this process is a child of that one. Where there is no /proc, nobody can tell: true. */
const isChild = (pid: string | undefined, parent: number): boolean => {
  if (!existsSync("/proc/self/stat")) return true
  try {
    return /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1] === `${parent}`
  } catch {
    return false
  }
}

/**
 * Polls until the mesh is HEALTHY and returns its status. Undefined where the signal was aborted first. An answer only
 * counts if its Envoy is a child of this agent: another agent may have taken the port.
 */
export const waitUntilHealthy = async (
  port: number,
  agentPid: number,
  signal: AbortSignal,
  onWait: (status: AgentStatus | undefined) => void
): Promise<AgentStatus | undefined> => {
  while (!signal.aborted) {
    const status = await readStatus(port)
    if (status?.healthStatus === "HEALTHY" && isChild(status.envoyPid, agentPid)) return status
    onWait(status)
    await pause(50, signal)
  }
  return undefined
}

/** What the agent reports about a mesh that does not become HEALTHY, line by line. */
export const describeProblem = async (port: number): Promise<ReadonlyArray<string>> => {
  const status = await readStatus(port)
  if (status === undefined) return ["The agent does not answer."]
  const { envoyState, managementServerConnectionStatus, managementServerProblem, initialConfigUpdateStatus } = status
  return [
    (await readReason(port)) ?? `${status.healthStatus}`,
    `envoyState: ${envoyState}`,
    ...(initialConfigUpdateStatus === undefined ? [] : [`initialConfigUpdateStatus: ${initialConfigUpdateStatus}`]),
    ...(managementServerConnectionStatus === undefined
      ? []
      : [`managementServerConnectionStatus: ${managementServerConnectionStatus}`]),
    ...(managementServerProblem === undefined ? [] : [`managementServerProblem: ${managementServerProblem}`])
  ]
}
