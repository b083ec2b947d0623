// Runs a scenario with the model, and observes it as the recorder observes a real Envoy.
import type { Randomness } from "../engine/types.ts"
import type { AdminReply } from "../envoy/EnvoyModel.ts"
import { makeEnvoy } from "../envoy/makeEnvoy.ts"
import { makePorts } from "../envoy/ports.ts"
import type { Resources } from "../envoy/resources.ts"
import { makeScriptedControlPlane } from "../envoy/scriptedControlPlane.ts"
import type { TestTimeline } from "../envoy/testWorld.ts"
import type { Connection } from "../envoy/traffic.ts"
import { bootstrapOf } from "./bootstrap.ts"
import type { Scenario, Step } from "./scenario.ts"
import { type Answered, beginningOf, isCompared, makeSeries, type Observed, wordsOf } from "./trace.ts"

/** The recorder's control plane serves an empty list of what a scenario does not name. */
const complete = (resources: Resources): Resources => ({
  clusters: [],
  endpoints: [],
  listeners: [],
  routes: [],
  ...resources
})

const bodyOf = (reply: AdminReply) => (reply._tag === "Answer" ? reply.body : reply._tag.toLowerCase())

export const replay = (
  scenario: Scenario,
  {
    random,
    repeatsPerSecond,
    timeline
  }: {
    readonly random: Randomness
    /** How often the real control plane sent a rejected update again. */
    readonly repeatsPerSecond: number
    readonly timeline: TestTimeline
  }
): Observed => {
  const ports = makePorts()
  const stranger = {}
  const controlPlane = makeScriptedControlPlane({
    resources: complete(scenario.controlPlane?.resources ?? {}),
    timeline
  })
  const initially = scenario.controlPlane?.initially ?? "away"
  if (initially === "away") controlPlane.goAway()
  if (initially === "black hole") controlPlane.becomeBlackHole()
  if (initially === "silent") controlPlane.silence(true)
  if (scenario.controlPlane?.repeatsRejected === true) controlPlane.repeatRejected(repeatsPerSecond)
  for (const step of scenario.steps) if (step.do === "occupy" && step.at <= 0) ports.claim(step.address, stranger)

  const words: Array<string> = []
  const envoy = makeEnvoy({
    pid: 100,
    arguments: ["-c", "/bootstrap.json", ...scenario.arguments],
    bootstrap: bootstrapOf(scenario, (port) => port),
    timeline,
    random,
    controlPlane,
    ports,
    output: (line) => {
      const told = wordsOf(line)
      if (told !== undefined && words.at(-1) !== told) words.push(told)
    }
  })
  let exit: Observed["exit"]
  envoy.onExit((how) => {
    exit = [Math.round(timeline.now()), how._tag === "Code" ? `code ${how.code}` : how.name]
  })

  const ready = makeSeries<string>()
  const stats = new Map<string, ReturnType<typeof makeSeries<number>>>()
  const target = `/stats?format=json&filter=${encodeURIComponent(scenario.stats)}`
  const seeStats = (body: string) => {
    const { stats: found }: { readonly stats: ReadonlyArray<{ readonly name?: string; readonly value?: unknown }> } =
      JSON.parse(body)
    for (const { name = "", value } of found) {
      if (typeof value !== "number" || !isCompared(name)) continue
      const series = stats.get(name) ?? makeSeries<number>()
      stats.set(name, series)
      series.see(timeline.now(), value)
    }
  }
  /** The recorder's stranger breaks each connection. */
  const admin: typeof envoy.admin = (request, reply) => {
    if (ports.ownerOf(envoy.adminAddress) === stranger) return timeline.after(0.1, () => reply({ _tag: "Reset" }))
    return envoy.admin(request, reply)
  }
  const look = () => {
    admin({ method: "GET", target: "/ready" }, (state) => {
      if (state._tag !== "Answer") {
        ready.see(timeline.now(), state._tag.toLowerCase())
        return void timeline.after(scenario.every, look)
      }
      ready.see(timeline.now(), `${state.status} ${state.body.trim()}`)
      admin({ method: "GET", target }, (found) => {
        if (found._tag === "Answer") seeStats(found.body)
        timeline.after(scenario.every, look)
      })
    })
  }
  look()

  const answers: Array<Answered> = []
  const connections = new Map<string, Connection | undefined>()
  const carryOut = (step: Step, number: number) => {
    switch (step.do) {
      case "serve":
        return controlPlane.serve(complete(step.resources))
      case "control plane":
        if (step.becomes === "away") return controlPlane.goAway()
        return step.becomes === "serving" ? controlPlane.comeBack() : controlPlane.becomeBlackHole()
      case "end streams":
        return controlPlane.endStreams()
      case "ask": {
        const { method, target } = step
        const sent = timeline.now()
        admin({ method, target }, (reply) =>
          answers.push({
            step: number,
            status: reply._tag === "Answer" ? reply.status : 0,
            body: beginningOf(bodyOf(reply)),
            took: Math.round(timeline.now() - sent)
          })
        )
        return
      }
      case "signal":
        return envoy.signal(step.name)
      case "occupy":
        return void ports.claim(step.address, stranger)
      case "free":
        return ports.release(step.address, stranger)
      case "connect":
        return void connections.set(step.id, envoy.traffic.connect(step.listener, step.kind, { obeysClose: false }))
      case "request":
        return void connections.get(step.id)?.request(step.duration)
      case "close":
        return connections.get(step.id)?.close()
      case "flow": {
        const end = envoy.traffic.flow(step.listener, step.perSecond, 0)
        return void timeline.after(step.lasts, end)
      }
    }
  }
  for (const [number, step] of scenario.steps.entries()) timeline.after(step.at, () => carryOut(step, number))
  timeline.runUntil(scenario.lasts)
  const observed = {
    ready: ready.series,
    stats: Object.fromEntries([...stats].map(([name, { series }]) => [name, series] as const)),
    answers: [...answers],
    exit,
    words: [...words]
  }
  envoy.signal("SIGKILL")
  return observed
}
