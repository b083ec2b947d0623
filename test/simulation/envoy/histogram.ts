/** The upper bounds of the buckets in Prometheus text, as Envoy has them by default. */
const bounds = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000
]
export const quantiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]

/** Envoy shows what was recorded before its last flush. */
export interface Histogram {
  readonly record: (value: number, count: number, flush: number) => void
  /** Takes in what was recorded before this flush. Answers whether nothing is left. */
  readonly merge: (flush: number) => boolean
  readonly count: () => number
  readonly sum: () => number
  /** Values up to each bound, and all. */
  readonly cumulative: () => ReadonlyArray<readonly [bound: string, count: number]>
  readonly quantile: (percent: number) => number | undefined
}

export const makeHistogram = (): Histogram => {
  const counts = new Array<number>(bounds.length + 1).fill(0)
  let pending: Array<{ readonly value: number; readonly count: number; readonly flush: number }> = []
  let count = 0
  let sum = 0
  const add = (value: number, times: number) => {
    const found = bounds.findIndex((bound) => value <= bound)
    const bucket = found === -1 ? bounds.length : found
    counts[bucket] = (counts[bucket] ?? 0) + times
    count += times
    sum += value * times
  }
  return {
    record: (value, times, flush) => {
      if (times > 0) pending.push({ value, count: times, flush })
    },
    merge: (flush) => {
      const rest: typeof pending = []
      for (const one of pending) {
        if (one.flush < flush) add(one.value, one.count)
        else rest.push(one)
      }
      pending = rest
      return rest.length === 0
    },
    count: () => count,
    sum: () => sum,
    cumulative: () => {
      let below = 0
      return counts.map((here, i) => {
        below += here
        return [i < bounds.length ? `${bounds[i]}` : "+Inf", below] as const
      })
    },
    quantile: (percent) => {
      if (count === 0) return undefined
      let below = 0
      for (const [i, here] of counts.entries()) {
        if (here > 0 && below + here >= (count * percent) / 100) return bounds[i - 1] ?? 0
        below += here
      }
      return bounds.at(-1)
    }
  }
}
