// Runs one mesh: control plane, upstream, the agent with Envoy, and traffic.
import { type AgentProcess, startAgent } from "./agentProcess.ts"
import { describeProblem, readStatus, waitUntilHealthy } from "./agentStatus.ts"
import type { DemoOptions } from "./options.ts"
import type { Output } from "./output.ts"
import { type Ports, reservePorts, saysPortTaken } from "./ports.ts"
import { meshFileHere, type ServedMesh, serveMesh } from "./servedMesh.ts"
import type { StopRequest } from "./stopRequest.ts"
import { deadline, pause } from "./timing.ts"
import { sendRequests, startUpstream, type TrafficCount } from "./traffic.ts"
import { progress, welcome } from "./welcome.ts"

export interface Demo {
  readonly options: DemoOptions
  readonly output: Output
  readonly stop: StopRequest
  /** The Envoy to run. */
  readonly envoy: string
  /** For files of this run. */
  readonly folder: string
}

interface Mesh extends Demo {
  readonly ports: Ports
  readonly plane: ServedMesh
  readonly agent: AgentProcess
}

/** Milliseconds after which a slow start is shown in the status line. */
const slowStart = 2000

/** Waits for HEALTHY and then tells the user what runs. False where the signal was aborted first. */
const becomesHealthy = async ({ agent, output, plane, ports }: Mesh, signal: AbortSignal): Promise<boolean> => {
  const begin = performance.now()
  const status = await waitUntilHealthy(ports.agent, agent.pid, signal, (latest) => {
    if (output.isInteractive && performance.now() - begin > slowStart)
      output.showStatus(["Waiting for HEALTHY", `Envoy is ${latest?.envoyState ?? "not started"}`])
  })
  output.hideStatus()
  if (status === undefined) return false
  const { address } = plane
  output.print(...welcome({ ports, agentPid: agent.pid, controlPlane: address, meshFile: meshFileHere(), status }))
  return true
}

/** The message about a mesh that did not become HEALTHY in time. */
const describeFailure = async ({ options, plane, ports }: Mesh): Promise<ReadonlyArray<string>> => [
  `The mesh is not HEALTHY after ${options.startSeconds} s (DEMO_START_SECONDS). The agent reports:`,
  ...(await describeProblem(ports.agent)).map((line) => `  ${line}`),
  ...(plane.rejection() === undefined ? [] : [`  rejected by Envoy: ${plane.rejection()}`])
]

const showProgress = async ({ output, ports }: Mesh, count: TrafficCount, signal: AbortSignal): Promise<void> => {
  for (;;) {
    await pause(output.isInteractive ? 500 : 5000, signal)
    if (signal.aborted) return output.hideStatus()
    output.showStatus(progress(await readStatus(ports.agent), count))
  }
}

/** Sends traffic until a stop is requested, the time is up, or the agent has ended. Returns the demo's exit code. */
const runTraffic = async (mesh: Mesh): Promise<number> => {
  const { agent, options, output, ports, stop } = mesh
  const count: TrafficCount = { ok: 0, failed: 0 }
  const signal = AbortSignal.any([stop.signal, agent.ended, deadline(options.trafficSeconds)])
  await Promise.all([sendRequests(ports.listener, count, signal), showProgress(mesh, count, signal)])

  const endedByItself = agent.ended.aborted
  const reason = stop.reason()
  if (!endedByItself) {
    output.print(`${reason?.why ?? "Time is up"}: the agent drains and stops Envoy ...`)
    agent.stop()
  }
  const { code, words } = await agent.exit
  if (endedByItself) output.printError(`The agent ended by itself: ${words}.`)
  output.print(`Done: ${count.ok} requests ok, ${count.failed} failed; the agent ended with ${words}.`)
  if (endedByItself || code !== 0) return 1
  if (options.trafficSeconds !== undefined && count.failed > 0) return 1
  return reason?.exitCode ?? 0
}

/** Why the mesh did not become HEALTHY: told to the user, and returned as the exit code. */
const reportFailedStart = async (mesh: Mesh, portTaken: AbortSignal): Promise<number | "port taken"> => {
  const { agent, output, stop } = mesh
  const reason = stop.reason()
  if (reason !== undefined) {
    output.print(`${reason.why}: stopping before the mesh is HEALTHY`)
    return reason.earlyExitCode
  }
  // Only after its end has all its output been read.
  const exit = agent.ended.aborted ? await agent.exit : undefined
  if (portTaken.aborted) return "port taken"
  if (exit === undefined) output.printError(...(await describeFailure(mesh)))
  else output.printError(`The agent ended by itself before the mesh was HEALTHY: ${exit.words}.`)
  return 1
}

/** A first repeated request skips the drain, the next one kills the agent. */
const stopFaster = (agent: AgentProcess) => {
  let next = agent.stop
  return () => {
    next()
    next = agent.kill
  }
}

/** Runs a mesh until it ends and returns the exit code, or that another program has taken one of its ports. */
export const runMesh = async (demo: Demo): Promise<number | "port taken"> => {
  const { options, output, stop } = demo
  await using stack = new AsyncDisposableStack()
  const { giveUp, ports, release } = await reservePorts()
  stack.defer(giveUp)
  const portTaken = new AbortController()
  const inspect = (text: string) => {
    if (saysPortTaken(text, ports)) portTaken.abort()
  }

  const plane = await serveMesh(ports, output, inspect)
  stack.defer(() => plane.close())
  await release()
  const upstream = await startUpstream(ports.upstream)
  if (upstream === undefined) return "port taken"
  stack.defer(() => upstream.close())
  const agent = await startAgent({ ...demo, ports, controlPlane: plane.address, onOutput: inspect })
  stack.defer(async () => {
    agent.stop()
    await agent.exit
  })
  stop.onRepeat(stopFaster(agent))

  const mesh: Mesh = { ...demo, ports, plane, agent }
  const signal = AbortSignal.any([stop.signal, agent.ended, portTaken.signal, deadline(options.startSeconds)])
  const isHealthy = await becomesHealthy(mesh, signal)
  return await (isHealthy ? runTraffic(mesh) : reportFailedStart(mesh, portTaken.signal))
}
