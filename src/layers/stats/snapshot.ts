import type { Dictionary } from "./dictionary.ts"

/** How a line of the exposition changes from one snapshot to the next. */
export const Kind = {
  /** A HELP or TYPE line, which has no value. */
  header: 0,
  /** A gauge, and everything of an unknown type: the value is the current one. */
  gauge: 1,
  /** A counter, or a histogram's bucket or count. It never decreases while Envoy runs. */
  counter: 2,
  /** The sum of a histogram or summary. It is subtracted like a counter but may decrease. */
  sum: 3
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/**
 * The stats at one moment, as columns in Envoy's order. `items` holds ids of the dictionary: of a HELP or TYPE line, or of a
 * series (name and labels). Snapshots of one Envoy share a dictionary, so a series that stays costs only its values.
 */
export interface Snapshot {
  readonly dictionary: Dictionary
  readonly items: Uint32Array
  readonly kinds: Uint8Array
  readonly values: Float64Array
}

/** The number of series, without HELP and TYPE lines. */
export const seriesCount = ({ kinds }: Snapshot): number =>
  kinds.reduce((count, kind) => (kind === Kind.header ? count : count + 1), 0)

const isSame = (a: Uint32Array | Uint8Array, b: Uint32Array | Uint8Array) => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}

/** The same snapshot, with the columns of another one where they are equal: one more snapshot then costs only its values. */
export const sharingColumns = (snapshot: Snapshot, other: Snapshot): Snapshot =>
  snapshot.dictionary === other.dictionary && isSame(snapshot.items, other.items) && isSame(snapshot.kinds, other.kinds)
    ? { ...snapshot, items: other.items, kinds: other.kinds }
    : snapshot

/** The bytes of a snapshot's columns, of which it may share a part. The strings are the dictionary's. */
export const sizeOf = ({ items, kinds, values }: Snapshot): number =>
  items.byteLength + kinds.byteLength + values.byteLength

/** Moves snapshots to another dictionary. Columns that they share stay shared. */
export const makeMover = (dictionary: Dictionary) => {
  const moved = new Map<Uint32Array, Uint32Array>()
  let buffer = new Uint8Array(1024)
  const moveItems = ({ dictionary: from, items }: Snapshot) =>
    items.map((item) => {
      const length = from.lengthOf(item)
      if (length > buffer.length) buffer = new Uint8Array(length)
      from.copy(item, buffer, 0)
      return dictionary.intern(buffer, 0, length)
    })
  return (snapshot: Snapshot): Snapshot => {
    const items = moved.get(snapshot.items) ?? moveItems(snapshot)
    moved.set(snapshot.items, items)
    return { ...snapshot, dictionary, items }
  }
}
