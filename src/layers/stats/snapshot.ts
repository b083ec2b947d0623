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

/** The same snapshot with its strings in another dictionary. */
export const moveToDictionary = (dictionary: Dictionary, snapshot: Snapshot): Snapshot => {
  let buffer = new Uint8Array(1024)
  const items = snapshot.items.map((item) => {
    const length = snapshot.dictionary.lengthOf(item)
    if (length > buffer.length) buffer = new Uint8Array(length)
    snapshot.dictionary.copy(item, buffer, 0)
    return dictionary.intern(buffer, 0, length)
  })
  return { ...snapshot, dictionary, items }
}
