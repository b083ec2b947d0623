import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { Snapshot } from "../../../src/layers/stats/snapshot.ts"
import {
  compacted,
  cursorLifetime,
  isMostlyStale,
  type SnapshotStore,
  serve,
  servedMemory,
  storeOfEpoch,
  withSnapshot
} from "../../../src/layers/stats/snapshotStore.ts"
import { shows } from "../../shows.ts"
import { snapshotOf } from "./reading.ts"

const second = 1_000_000_000n

/** A store with one more snapshot of so many series, whose value is this. */
const adding = (store: SnapshotStore, series: number, value: number) => {
  const lines = Array.from({ length: series }, (_, i) => `envoy_appmesh_c{i="${i}"} ${value}`)
  const text = ["# TYPE envoy_appmesh_c counter", ...lines, ""].join("\n")
  return withSnapshot(store, snapshotOf(text, store.dictionary), `c${store.count + 1}`)
}

/** The memory of these columns; one that several snapshots share counts once. */
const memoryOf = (snapshots: ReadonlyArray<Snapshot>) => {
  const columns = new Set(snapshots.flatMap(({ items, kinds, values }) => [items, kinds, values]))
  return [...columns].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

describe("the store of snapshots", () => {
  it("serves one snapshot to scrapers that ask often, where many would take too much memory", () => {
    shows("cursor-memory", "cursor-lifetime")
    let store = adding(storeOfEpoch(0), 20_000, 1)
    const { snapshot } = Option.getOrThrow(store.last)
    const given = new Map<string, bigint>()
    let cursor = ""
    for (let seconds = 0n; seconds < 900n; seconds += 1n) {
      const now = seconds * second
      const next = { ...snapshot, items: snapshot.items.slice(), values: snapshot.values.slice() }
      store = withSnapshot(store, next, `c${store.count + 1}`)
      const [found, after] = serve(store, cursor, now)
      store = after
      cursor = Option.getOrThrow(found).to.cursor
      given.set(cursor, now)
      // Every cursor of the last ten minutes is known.
      const known = new Set(store.served.map(({ named }) => named.cursor))
      for (const [name, at] of given) if (now - at < cursorLifetime) assert.isTrue(known.has(name), name)
    }
    assert.isBelow(memoryOf(store.served.map(({ named }) => named.snapshot)), servedMemory)
    // A scraper that asks each second gets a new cursor every few seconds.
    assert.isAbove(given.size, 100)
    assert.isBelow(given.size, 300)
  })

  it("shares the columns of snapshots with the same series, also in a new dictionary", () => {
    shows("cursor-memory")
    const first = adding(storeOfEpoch(0), 10, 1)
    const [, served] = serve(first, "", 0n)
    const store = adding(served, 10, 2)
    for (const { last, served } of [store, compacted(store)]) {
      const { snapshot } = Option.getOrThrow(last)
      assert.strictEqual(snapshot.items, served[0]?.named.snapshot.items)
      assert.notStrictEqual(snapshot.values, served[0]?.named.snapshot.values)
    }
    const other = Option.getOrThrow(adding(store, 11, 2).last)
    assert.notStrictEqual(other.snapshot.items, Option.getOrThrow(store.last).snapshot.items)
  })

  it("makes its dictionary anew only when it has doubled", () => {
    let store = adding(storeOfEpoch(0), 30_000, 1)
    store = serve(store, "", 0n)[1]
    store = adding(adding(store, 10, 2), 10, 3)
    assert.isTrue(isMostlyStale(store))
    // What is served still uses the names.
    store = compacted(store)
    assert.isAbove(store.dictionary.size(), 30_000)
    assert.isFalse(isMostlyStale(store))
  })
})
