import type { Randomness } from "../engine/types.ts"
import { makeTestRandom, makeTestTimeline } from "../envoy/testWorld.ts"
import { differences } from "./compare.ts"
import { replay } from "./replay.ts"
import type { Trace } from "./trace.ts"

/** How fast the real control plane repeated itself. */
const repeatsOf = ({ observed }: Trace): number => {
  const rates = Object.entries(observed.stats).flatMap(([name, series]) => {
    const growing = series.filter(([, value]) => value > 0)
    const [first] = growing
    const last = growing.at(-1)
    if (!name.endsWith(".update_rejected") || first === undefined || last === undefined || last[0] === first[0])
      return []
    return [((last[1] - first[1]) * 1000) / (last[0] - first[0])]
  })
  return Math.max(1, ...rates)
}

/**
 * The chances that led to the pauses between attempts of a trace to connect: Envoy waits for a random part of a time that doubles
 * with each failure.
 */
const pausesOf = ({ observed }: Trace): ReadonlyArray<number> => {
  const eventsOf = (end: string) =>
    Object.entries(observed.stats)
      .filter(([name]) => name.endsWith(`.update_${end}`))
      .map(([, series]) =>
        series.flatMap(([at, value], i) => Array<number>(value - (series[i - 1]?.[1] ?? 0)).fill(at))
      )
  // The subscription that is the first to begin fails most often.
  const [failures = []] = eventsOf("failure").toSorted((a, b) => b.length - a.length)
  const successes = eventsOf("success")
    .flat()
    .toSorted((a, b) => a - b)
  const pauses: Array<number> = []
  let backOff = 500
  for (const [i, at] of failures.entries()) {
    if (successes.some((time) => time <= at && time > (failures[i - 1] ?? -1))) backOff = 500
    const next = Math.min(
      failures[i + 1] ?? Number.POSITIVE_INFINITY,
      successes.find((time) => time > at) ?? Number.POSITIVE_INFINITY
    )
    if (Number.isFinite(next)) pauses.push(Math.min(0.999, Math.max(0, next - at) / backOff))
    else pauses.push(0.999)
    backOff = backOff < 15_000 ? backOff * 2 : 30_000
  }
  return pauses
}

/** Begins with these chances where it decides about pauses. */
const steered = (seed: number, pauses: ReadonlyArray<number>): Randomness => {
  const random = makeTestRandom(seed)
  return {
    ...random,
    fork: (name) => {
      const forked = random.fork(name)
      if (name !== "ads") return forked
      const rest = [...pauses]
      return { ...forked, next: () => rest.shift() ?? forked.next() }
    }
  }
}

/**
 * What is different where the model, given the same stimuli, cannot produce a trace; nothing where one of these seeds does. Where
 * chance decides, as the pauses between attempts to connect, only some seeds do.
 */
export const produce = (
  trace: Trace,
  seeds: number
): { readonly seed: number; readonly differences: ReadonlyArray<string> } => {
  let best: ReadonlyArray<string> | undefined
  const repeatsPerSecond = repeatsOf(trace)
  const pauses = pausesOf(trace)
  for (let seed = 1; seed <= seeds; seed += 1) {
    const model = replay(trace.scenario, {
      random: steered(seed, pauses),
      repeatsPerSecond,
      timeline: makeTestTimeline()
    })
    const found = differences(trace, model)
    if (found.length === 0) return { seed, differences: [] }
    if (best === undefined || found.length < best.length) best = found
  }
  return { seed: 0, differences: best ?? [] }
}
