import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import http from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { bootstrapOf, controlPlanePort } from "./bootstrap.ts"
import { connect, flow, type RealConnection, startUpstream } from "./realClients.ts"
import { startRealControlPlane } from "./realControlPlane.ts"
import { upstreamPort } from "./render.ts"
import { adminPort, type Scenario, type Step } from "./scenario.ts"
import {
  type Answered,
  beginningOf,
  isCompared,
  makeSeries,
  type Observed,
  type Series,
  type Trace,
  wordsOf
} from "./trace.ts"

const pause = (duration: number) => new Promise<void>((done) => setTimeout(done, duration))

interface Reply {
  /** 0 where there was no answer. */
  readonly status: number
  readonly body: string
}

const ask = (port: number, method: string, target: string): Promise<Reply> =>
  new Promise((done) => {
    const request = http.request({ host: "127.0.0.1", port, method, path: target, agent: false }, (response) => {
      let body = ""
      response.on("data", (part: Buffer) => {
        body += part
      })
      response.on("end", () => done({ status: response.statusCode ?? 0, body }))
      response.on("error", () => done({ status: 0, body: "reset" }))
    })
    request.on("error", (error) => {
      const code = "code" in error ? error.code : ""
      done({ status: 0, body: code === "ECONNREFUSED" ? "refused" : "reset" })
    })
    request.end()
  })

/** Real ports for made-up ones, and the made-up ones again in texts. */
const makePorts = () => {
  const real = new Map<number, number>()
  const reserve = async (madeUp: number) => {
    const server = net.createServer()
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    const address = server.address()
    real.set(madeUp, typeof address === "object" && address !== null ? address.port : 0)
    await new Promise((done) => server.close(done))
  }
  return {
    reserve,
    set: (madeUp: number, port: number) => real.set(madeUp, port),
    portOf: (madeUp: number) => real.get(madeUp) ?? madeUp,
    madeUp: (text: string) => {
      let found = text
      for (const [name, port] of real) found = found.replaceAll(`${port}`, `${name}`)
      return found
    }
  }
}

const portIn = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1))

const valuesOf = (body: string): ReadonlyArray<readonly [string, number]> => {
  const parsed: unknown = JSON.parse(body)
  const stats: unknown = typeof parsed === "object" && parsed !== null && Reflect.get(parsed, "stats")
  if (!Array.isArray(stats)) return []
  return stats.flatMap((entry: { readonly name?: unknown; readonly value?: unknown }) =>
    typeof entry.name === "string" && typeof entry.value === "number" ? [[entry.name, entry.value] as const] : []
  )
}

/** Of a series that depends on the machine's speed, only its beginning and end count. */
const shortened = (series: Series<number>): Series<number> => {
  const first = series.findIndex(([, value]) => value > 0)
  return series.filter((_, i) => i <= first || i === series.length - 1)
}

/** Series that never left 0 tell nothing. */
const telling = (
  all: ReadonlyMap<string, ReturnType<typeof makeSeries<number>>>,
  unsteady: ReadonlyArray<string>
): Observed["stats"] =>
  Object.fromEntries(
    [...all].flatMap(([name, { series }]) => {
      if (series.every(([, value]) => value === 0)) return []
      return [[name, unsteady.includes(name) ? shortened(series) : series] as const]
    })
  )

const running = new Set<ChildProcess>()

/** Ends the Envoys that run now. */
export const endEnvoys = (): void => {
  for (const child of running) child.kill("SIGKILL")
}

/** Runs a scenario with a real Envoy. */
export const recordEnvoy = async (scenario: Scenario, binary: string): Promise<Trace> => {
  const folder = mkdtempSync(`${tmpdir()}/appnet-record-`)
  const ports = makePorts()
  for (const port of [adminPort, controlPlanePort]) await ports.reserve(port)
  for (let i = 1; i <= 9; i += 1) await ports.reserve(adminPort + i)
  const upstream = await startUpstream()
  ports.set(upstreamPort, upstream.port)
  const { portOf } = ports
  const controlPlane = await startRealControlPlane(scenario, portOf(controlPlanePort), portOf)
  const path = `${folder}/bootstrap.json`
  writeFileSync(path, JSON.stringify(bootstrapOf(scenario, portOf)))

  const occupied = new Map<string, net.Server>()
  const occupy = async (address: string) => {
    const server = net.createServer((socket) => socket.destroy())
    await new Promise<void>((done) => server.listen(portOf(portIn(address)), "127.0.0.1", done))
    occupied.set(address, server)
  }
  for (const step of scenario.steps) if (step.do === "occupy" && step.at <= 0) await occupy(step.address)

  const words: Array<string> = []
  let left = ""
  let exit: Observed["exit"]
  const begun = performance.now()
  const now = () => performance.now() - begun
  const child = spawn(binary, ["-c", path, ...scenario.arguments], { stdio: ["ignore", "ignore", "pipe"] })
  running.add(child)
  child.stderr.on("data", (part: Buffer) => {
    const lines = `${left}${part}`.split("\n")
    left = lines.pop() ?? ""
    for (const line of lines) {
      const told = wordsOf(ports.madeUp(line))
      if (told !== undefined && words.at(-1) !== told) words.push(told)
    }
  })
  const ended = new Promise<void>((done) =>
    child.on("exit", (code, signal) => {
      running.delete(child)
      exit = [Math.round(now()), signal ?? `code ${code}`]
      done()
    })
  )

  const ready = makeSeries<string>()
  const stats = new Map<string, ReturnType<typeof makeSeries<number>>>()
  const target = `/stats?format=json&filter=${encodeURIComponent(scenario.stats)}`
  let isWatching = true
  const watch = async () => {
    while (isWatching) {
      const state = await ask(portOf(adminPort), "GET", "/ready")
      ready.see(now(), state.status === 0 ? state.body : `${state.status} ${state.body.trim()}`)
      if (state.status !== 0) {
        const found = await ask(portOf(adminPort), "GET", target)
        if (found.status === 200) {
          for (const [name, value] of valuesOf(found.body)) {
            const madeUp = ports.madeUp(name)
            if (!isCompared(madeUp)) continue
            const series = stats.get(madeUp) ?? makeSeries<number>()
            stats.set(madeUp, series)
            series.see(now(), value)
          }
        }
      }
      await pause(scenario.every)
    }
  }
  const watching = watch()

  const answers: Array<Answered> = []
  const connections = new Map<string, RealConnection>()
  const pending: Array<Promise<void>> = []
  const listenerPort = (name: string) => {
    const all = [...(scenario.fixed?.listeners ?? []), ...(scenario.controlPlane?.resources.listeners ?? [])]
    return portOf(portIn(all.find((one) => one.name === name)?.address ?? name))
  }
  const carryOut = async (step: Step, number: number): Promise<void> => {
    switch (step.do) {
      case "serve":
        return controlPlane.serve(step.resources)
      case "control plane":
        return controlPlane.become(step.becomes)
      case "end streams":
        return controlPlane.endStreams()
      case "ask": {
        const sent = now()
        const { body, status } = await ask(portOf(adminPort), step.method, step.target)
        answers.push({ step: number, status, body: beginningOf(ports.madeUp(body)), took: Math.round(now() - sent) })
        return
      }
      case "signal":
        child.kill(step.name)
        return
      case "occupy":
        return step.at <= 0 ? undefined : occupy(step.address)
      case "free":
        occupied.get(step.address)?.close()
        return
      case "connect":
        connections.set(step.id, connect(listenerPort(step.listener), step.kind))
        return
      case "request":
        return connections.get(step.id)?.request(step.duration)
      case "close":
        return connections.get(step.id)?.close()
      case "flow":
        return flow(listenerPort(step.listener), step.perSecond, step.lasts)
    }
  }
  for (const [number, step] of scenario.steps.entries()) {
    const left = step.at - now()
    if (left > 0) await pause(left)
    pending.push(carryOut(step, number))
  }
  await pause(Math.max(0, scenario.lasts - now()))
  isWatching = false
  const atEnd = exit
  child.kill("SIGKILL")
  await ended
  await watching
  await Promise.all(pending)
  for (const connection of connections.values()) connection.close()
  await controlPlane.close()
  upstream.close()
  for (const server of occupied.values()) server.close()
  rmSync(folder, { recursive: true, force: true })

  return {
    scenario,
    envoy: "1.40.0",
    observed: { ready: ready.series, stats: telling(stats, scenario.unsteady ?? []), answers, exit: atEnd, words }
  }
}
