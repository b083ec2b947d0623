import { formatValue } from "./sampleValue.ts"
import { Kind, type Snapshot } from "./snapshot.ts"

/** Bytes of text that are made at once, which takes a few milliseconds. */
const pieceSize = 64 * 1024
/** Pieces share this much memory in turn, so that a delta of any size costs no more. */
const memorySize = 16 * pieceSize

/** A snapshot's values by id; NaN for a series that it does not have. The dictionary must be that of both snapshots. */
const valuesById = (snapshot: Snapshot): Float64Array => {
  const values = new Float64Array(snapshot.dictionary.size()).fill(Number.NaN)
  for (let i = 0; i < snapshot.items.length; i += 1) {
    if (snapshot.kinds[i] !== Kind.header) values[snapshot.items[i] ?? 0] = snapshot.values[i] ?? Number.NaN
  }
  return values
}

/** Whether a counter decreased, which happens only when Envoy starts again. */
const hasDecreasedCounter = (earlier: Float64Array, now: Snapshot): boolean => {
  for (let i = 0; i < now.items.length; i += 1) {
    if (now.kinds[i] === Kind.counter && (now.values[i] ?? 0) < (earlier[now.items[i] ?? 0] ?? Number.NaN)) return true
  }
  return false
}

/** What to subtract, by id; undefined if nothing is: without `before`, or if any counter decreased. */
export const baseOf = (before: Snapshot | undefined, now: Snapshot): Float64Array | undefined => {
  if (before === undefined) return undefined
  const values = valuesById(before)
  return hasDecreasedCounter(values, now) ? undefined : values
}

/**
 * The difference between two snapshots of one dictionary, as Prometheus text in pieces. Counters and histograms are
 * subtracted; gauges have their current values and new series their whole values. Without a base everything is whole. A piece is
 * valid until sixteen more have been made.
 */
export function* deltaText(
  before: Snapshot | undefined,
  now: Snapshot,
  base: Float64Array | undefined = baseOf(before, now)
): Generator<Uint8Array> {
  const { dictionary, items, kinds, values } = now
  const memory = Buffer.allocUnsafeSlow(memorySize)
  let pieceStart = 0
  let piece = memory.subarray(0, pieceSize)
  let length = 0
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i] ?? 0
    const kind = kinds[i]
    const value = values[i] ?? 0
    let ending = "\n"
    if (kind !== Kind.header) {
      const earlier = kind === Kind.gauge ? Number.NaN : (base?.[item] ?? Number.NaN)
      ending = ` ${formatValue(Number.isNaN(earlier) ? value : value - earlier)}\n`
    }
    const lineLength = dictionary.lengthOf(item) + ending.length
    if (length + lineLength > piece.length) {
      if (length > 0) yield piece.subarray(0, length)
      pieceStart = (pieceStart + pieceSize) % memorySize
      // A line longer than a piece gets memory of its own.
      piece =
        lineLength > pieceSize ? Buffer.allocUnsafe(lineLength) : memory.subarray(pieceStart, pieceStart + pieceSize)
      length = 0
    }
    length += dictionary.copy(item, piece, length)
    length += piece.write(ending, length, "latin1")
  }
  if (length > 0) yield piece.subarray(0, length)
}
