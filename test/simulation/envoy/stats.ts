import { type Histogram, makeHistogram } from "./histogram.ts"
import type { StatNames } from "./statNames.ts"

export type StatKind = "counter" | "gauge" | "histogram" | "text"

export interface Stat {
  readonly name: string
  readonly kind: StatKind
  value: number | bigint | string
  /** Whether it was ever written: what `usedonly` asks. */
  isUsed: boolean
  readonly histogram: Histogram | undefined
}

/** All stats of one Envoy. */
export interface Stats {
  /** Defines the stats of a group behind a prefix; those that are there stay as they are. */
  readonly defineGroup: (names: StatNames, prefix?: string, worker?: number) => void
  /** Removes all stats behind a prefix. */
  readonly remove: (prefix: string) => void
  /** Writes a counter or gauge; one that is not defined yet is. */
  readonly set: (name: string, value: number | bigint | string) => void
  readonly add: (name: string, by?: number, kind?: "counter" | "gauge") => void
  readonly record: (name: string, value: number, count: number, flush: number) => void
  /** Shows what histograms recorded before this flush. */
  readonly flush: (flush: number) => void
  readonly value: (name: string) => number | undefined
  /** Those whose names match, by name: texts, then counters and gauges, then histograms. Undefined for a filter that is no expression. */
  readonly matching: (filter: string) => ReadonlyArray<Stat> | undefined
}

const words = new Map<string, ReadonlyArray<string>>()
const wordsOf = (text: string) => {
  const found = words.get(text) ?? text.split(/\s+/).filter((word) => word !== "")
  words.set(text, found)
  return found
}

const expressions = new Map<string, RegExp | undefined>()
const expressionOf = (filter: string): RegExp | undefined => {
  if (expressions.has(filter)) return expressions.get(filter)
  let made: RegExp | undefined
  try {
    // RE2 has no look-around and no reference back.
    made = /\(\?<?[=!]|\\[1-9]/.test(filter) ? undefined : new RegExp(filter)
  } catch {
    made = undefined
  }
  expressions.set(filter, made)
  return made
}

const rank: Readonly<Record<StatKind, number>> = { text: 0, counter: 1, gauge: 1, histogram: 2 }
const compare = (a: Stat, b: Stat) => rank[a.kind] - rank[b.kind] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** Filters that are remembered. */
const longestMemory = 64

export const makeStats = (): Stats => {
  const all = new Map<string, Stat>()
  const answers = new Map<string, ReadonlyArray<Stat>>()
  const recording = new Set<Histogram>()

  const define = (name: string, kind: StatKind): Stat => {
    const known = all.get(name)
    if (known !== undefined) return known
    const histogram = kind === "histogram" ? makeHistogram() : undefined
    const made: Stat = { name, kind, value: kind === "text" ? "" : 0, isUsed: false, histogram }
    all.set(name, made)
    answers.clear()
    return made
  }

  const matching = (filter: string) => {
    const known = answers.get(filter)
    if (known !== undefined) return known
    const expression = expressionOf(filter)
    if (expression === undefined) return undefined
    const found: Array<Stat> = []
    for (const stat of all.values()) if (filter === "" || expression.test(stat.name)) found.push(stat)
    found.sort(compare)
    if (answers.size >= longestMemory) answers.clear()
    answers.set(filter, found)
    return found
  }

  return {
    defineGroup: (names, prefix = "", worker) => {
      const named = (name: string) =>
        prefix + (worker === undefined ? name : name.replace("worker_N", `worker_${worker}`))
      for (const name of wordsOf(names.counters)) define(named(name), "counter")
      for (const name of wordsOf(names.gauges)) define(named(name), "gauge")
      for (const name of wordsOf(names.histograms ?? "")) define(named(name), "histogram")
      for (const name of wordsOf(names.texts ?? "")) define(named(name), "text")
    },
    remove: (prefix) => {
      for (const name of all.keys()) if (name.startsWith(prefix)) all.delete(name)
      answers.clear()
    },
    set: (name, value) => {
      const stat = all.get(name) ?? define(name, typeof value === "string" ? "text" : "gauge")
      stat.value = value
      stat.isUsed = true
    },
    add: (name, by = 1, kind = "counter") => {
      const stat = all.get(name) ?? define(name, kind)
      if (typeof stat.value === "number") stat.value += by
      stat.isUsed = true
    },
    record: (name, value, count, flush) => {
      const { histogram } = define(name, "histogram")
      if (histogram === undefined) return
      histogram.record(value, count, flush)
      recording.add(histogram)
    },
    flush: (flush) => {
      for (const histogram of recording) if (histogram.merge(flush)) recording.delete(histogram)
    },
    value: (name) => {
      const value = all.get(name)?.value
      return typeof value === "number" ? value : undefined
    },
    matching
  }
}
