import { Option } from "effect"
import { type Dictionary, makeDictionary } from "./dictionary.ts"
import { makeMover, type Snapshot, sharingColumns, sizeOf } from "./snapshot.ts"

/** A snapshot and the cursor by which scrapers name it. */
export interface NamedSnapshot {
  readonly cursor: string
  readonly snapshot: Snapshot
}

/** How long a cursor is known after it was last given to a scraper, in nanoseconds. */
export const cursorLifetime = 600_000_000_000n

/** What the values of all served snapshots may take, in bytes. They share their names. */
export const servedMemory = 32 * 1024 * 1024

/** A snapshot whose cursor scrapers were given. Times are monotonic nanoseconds. */
export interface ServedSnapshot {
  readonly named: NamedSnapshot
  readonly firstServed: bigint
  readonly lastServed: bigint
}

/** The snapshots of one start of Envoy. All of them use one dictionary. */
export interface SnapshotStore {
  readonly epoch: number
  readonly dictionary: Dictionary
  /** The size of the dictionary when it was made anew. */
  readonly initialSize: number
  readonly last: Option.Option<NamedSnapshot>
  readonly previous: Option.Option<NamedSnapshot>
  /** In the order of the snapshots. */
  readonly served: ReadonlyArray<ServedSnapshot>
  /** Snapshots since the agent started. It numbers the cursors, so it outlives the epoch. */
  readonly count: number
}

/** The store as of an epoch: empty if the known store is of an earlier one. */
export const storeOfEpoch = (epoch: number, known?: SnapshotStore): SnapshotStore =>
  known !== undefined && known.epoch >= epoch
    ? known
    : {
        epoch,
        dictionary: makeDictionary(),
        initialSize: 0,
        last: Option.none(),
        previous: Option.none(),
        served: [],
        count: known?.count ?? 0
      }

/** The store with one more snapshot of its epoch. */
export const withSnapshot = (store: SnapshotStore, snapshot: Snapshot, cursor: string): SnapshotStore => {
  const shared = Option.match(store.last, {
    onNone: () => snapshot,
    onSome: (last) => sharingColumns(snapshot, last.snapshot)
  })
  return { ...store, count: store.count + 1, last: Option.some({ cursor, snapshot: shared }), previous: store.last }
}

export interface ServedDifference {
  /** None for a cursor that is unknown or expired. */
  readonly from: Option.Option<NamedSnapshot>
  readonly to: NamedSnapshot
}

/**
 * What a scraper gets that shows this cursor, and the store in which its new cursor is known. Scrapers that ask often share
 * snapshots: the last one is served only after as much time as keeps the values of a whole lifetime within `servedMemory`.
 * None before there is a snapshot.
 */
export const serve = (
  store: SnapshotStore,
  cursor: string,
  now: bigint
): readonly [Option.Option<ServedDifference>, SnapshotStore] => {
  const served = store.served.filter(({ lastServed }) => now - lastServed < cursorLifetime)
  const last = Option.getOrUndefined(store.last)
  if (last === undefined) return [Option.none(), { ...store, served }]

  const from = Option.fromUndefinedOr(served.find(({ named }) => named.cursor === cursor)?.named)
  const newest = served.at(-1)
  const spacing = (cursorLifetime * BigInt(sizeOf(last.snapshot))) / BigInt(servedMemory)
  if (newest !== undefined && (newest.named.cursor === last.cursor || now - newest.firstServed < spacing)) {
    const again = { ...newest, lastServed: now }
    return [Option.some({ from, to: newest.named }), { ...store, served: [...served.slice(0, -1), again] }]
  }
  const added = { named: last, firstServed: now, lastServed: now }
  return [Option.some({ from, to: last }), { ...store, served: [...served, added] }]
}

/**
 * Whether most of the dictionary belongs to series that are gone: a dictionary only grows. Series of served snapshots stay, so it is
 * made anew only when it has doubled.
 */
export const isMostlyStale = ({ dictionary, initialSize, last }: SnapshotStore): boolean =>
  dictionary.size() > 2 * initialSize &&
  Option.exists(last, ({ snapshot }) => dictionary.size() > 10_000 + 3 * snapshot.items.length)

/** The same snapshots with a new dictionary, which has only the strings that they use. */
export const compacted = (store: SnapshotStore): SnapshotStore => {
  const dictionary = makeDictionary()
  const move = makeMover(dictionary)
  const moved = (named: NamedSnapshot): NamedSnapshot => ({ ...named, snapshot: move(named.snapshot) })
  const served = store.served.map((one) => ({ ...one, named: moved(one.named) }))
  const previous = Option.map(store.previous, moved)
  const last = Option.map(store.last, moved)
  return { ...store, dictionary, initialSize: dictionary.size(), last, previous, served }
}
