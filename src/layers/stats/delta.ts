import { Kind, type Snapshot, showValue } from "./snapshot.ts"

/** Bytes of the text that are made at once: a few milliseconds' work. */
const pieceSize = 64 * 1024
/** The memory of a piece is used again when as much as this has been made after it. */
const memorySize = 16 * pieceSize

/** The values of a snapshot by number of the series; NaN where it has none. Both must share a dictionary. */
const valuesById = (snapshot: Snapshot): Float64Array => {
  const values = new Float64Array(snapshot.dictionary.size()).fill(Number.NaN)
  for (let i = 0; i < snapshot.items.length; i += 1) {
    if (snapshot.kinds[i] !== Kind.header) values[snapshot.items[i] ?? 0] = snapshot.values[i] ?? Number.NaN
  }
  return values
}

/** Whether a counter went down, which only a new start of Envoy can do. */
const wentDown = (before: Float64Array, now: Snapshot): boolean => {
  for (let i = 0; i < now.items.length; i += 1) {
    if (now.kinds[i] === Kind.counter && (now.values[i] ?? 0) < (before[now.items[i] ?? 0] ?? Number.NaN)) return true
  }
  return false
}

/**
 * What changed from one snapshot to another, as Prometheus text in pieces: counters and histograms subtract, all other
 * values are those of now. Series that are new are whole; where a counter went down, all are. Without `before`, the
 * whole snapshot. A piece is valid until sixteen more have been asked for.
 */
export function* deltaText(before: Snapshot | undefined, now: Snapshot): Generator<Uint8Array> {
  const known = before === undefined ? undefined : valuesById(before)
  const base = known === undefined || wentDown(known, now) ? undefined : known
  const { dictionary, items, kinds, values } = now
  const memory = Buffer.allocUnsafeSlow(memorySize)
  let start = 0
  let piece = memory.subarray(0, pieceSize)
  let at = 0
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i] ?? 0
    const kind = kinds[i]
    const value = values[i] ?? 0
    let tail = "\n"
    if (kind !== Kind.header) {
      const earlier = kind === Kind.current ? Number.NaN : (base?.[item] ?? Number.NaN)
      tail = ` ${showValue(Number.isNaN(earlier) ? value : value - earlier)}\n`
    }
    const length = dictionary.lengthOf(item) + tail.length
    if (at + length > piece.length) {
      if (at > 0) yield piece.subarray(0, at)
      start = (start + pieceSize) % memorySize
      piece = length > pieceSize ? Buffer.allocUnsafe(length) : memory.subarray(start, start + pieceSize)
      at = 0
    }
    at += dictionary.copy(item, piece, at)
    at += piece.write(tail, at, "latin1")
  }
  if (at > 0) yield piece.subarray(0, at)
}
