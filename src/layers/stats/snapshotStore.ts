import { Option } from "effect"
import { type Dictionary, makeDictionary } from "./dictionary.ts"
import { moveToDictionary, type Snapshot } from "./snapshot.ts"

/** A snapshot and the cursor by which scrapers name it. */
export interface NamedSnapshot {
  readonly cursor: string
  readonly snapshot: Snapshot
}

/** The snapshots of one start of Envoy. All of them use one dictionary. */
export interface SnapshotStore {
  readonly epoch: number
  readonly dictionary: Dictionary
  readonly last: Option.Option<NamedSnapshot>
  readonly previous: Option.Option<NamedSnapshot>
  /** Snapshots whose cursors scrapers were given, in the order in which they were last given. */
  readonly served: ReadonlyArray<NamedSnapshot>
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
        last: Option.none(),
        previous: Option.none(),
        served: [],
        count: known?.count ?? 0
      }

/** Whether most of the dictionary belongs to series that are gone: a dictionary only grows. */
export const isMostlyStale = ({ dictionary, last }: SnapshotStore): boolean =>
  Option.exists(last, ({ snapshot }) => dictionary.size() > 10_000 + 3 * snapshot.items.length)

/** The same snapshots with a new dictionary, which has only the strings that they use. */
export const compacted = (store: SnapshotStore): SnapshotStore => {
  const dictionary = makeDictionary()
  const movedByCursor = new Map<string, NamedSnapshot>()
  const move = (named: NamedSnapshot): NamedSnapshot => {
    const moved = movedByCursor.get(named.cursor) ?? {
      ...named,
      snapshot: moveToDictionary(dictionary, named.snapshot)
    }
    movedByCursor.set(named.cursor, moved)
    return moved
  }
  return {
    ...store,
    dictionary,
    last: Option.map(store.last, move),
    previous: Option.map(store.previous, move),
    served: store.served.map(move)
  }
}
