// A small timeline and randomness for the tests of the model alone.
import type { Randomness, Timeline } from "../engine/types.ts"

interface Entry {
  readonly at: number
  readonly order: number
  readonly action: () => void
}

export interface TestTimeline extends Timeline {
  /** Runs everything up to this time. */
  readonly runUntil: (time: number) => void
}

export const makeTestTimeline = (): TestTimeline => {
  const entries = new Set<Entry>()
  let time = 0
  let order = 0
  const next = (until: number) => {
    let first: Entry | undefined
    for (const entry of entries) {
      if (entry.at > until) continue
      if (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry
    }
    return first
  }
  return {
    now: () => time,
    after: (delay, action) => {
      order += 1
      const entry = { at: time + Math.max(0, delay), order, action }
      entries.add(entry)
      return () => entries.delete(entry)
    },
    runUntil: (until) => {
      for (let entry = next(until); entry !== undefined; entry = next(until)) {
        entries.delete(entry)
        time = entry.at
        entry.action()
      }
      time = until
    }
  }
}

/** Mulberry32. */
export const makeTestRandom = (seed: number): Randomness => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const pick = <A>(choices: ReadonlyArray<A>): A => {
    const found = choices.at(Math.floor(next() * choices.length))
    if (found === undefined) throw new Error("nothing to pick from")
    return found
  }
  return {
    next,
    integer: (minimum, maximum) => minimum + Math.floor(next() * (maximum - minimum + 1)),
    pick,
    chance: (probability) => next() < probability,
    fork: (name) => {
      let hash = seed
      for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619)
      return makeTestRandom(hash)
    }
  }
}
