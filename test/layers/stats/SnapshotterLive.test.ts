import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotterLive } from "../../../src/layers/stats/SnapshotterLive.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { Snapshotter, type StatsDelta } from "../../../src/services/Snapshotter.ts"
import { samples } from "../../exposition.ts"
import { envoyIn, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const exposition = (requests: number) => [
  `# TYPE envoy_appmesh_RequestCount counter\nenvoy_appmesh_RequestCount ${requests}\nenvoy_server_live 1\n`
]

const snapshotter = Effect.gen(function* () {
  const state = yield* SubscriptionRef.make<EnvoyState>({ _tag: "Running", epoch: 0, pid: 7, since: 0 })
  const admin = simulatedAdmin({ exposition: exposition(0) })
  const context = yield* Layer.build(
    SnapshotterLive.pipe(
      Layer.provide(
        Layer.mergeAll(
          settings({ ENABLE_STATS_SNAPSHOT: "1", APPNET_STATS_SNAPSHOT_INTERVAL_S: "10" }),
          admin.layer,
          envoyIn(state)
        )
      )
    )
  )
  const service = yield* Effect.provideContext(Snapshotter, context)
  const count = (delta: StatsDelta) =>
    Effect.map(Stream.mkString(Stream.decodeText(delta.text)), (text) => samples(text)[0]?.value)
  yield* TestClock.adjust(0)
  return {
    admin,
    state,
    /** Envoy has served this many, and the next snapshot is taken. */
    next: (requests: number | undefined) =>
      Effect.suspend(() => {
        admin.script.exposition = requests === undefined ? undefined : exposition(requests)
        return TestClock.adjust("10 seconds")
      }),
    restart: Effect.andThen(SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 }), TestClock.adjust(0)),
    delta: Effect.flatMap(service.delta, Option.match({ onNone: () => Effect.succeed(undefined), onSome: count })),
    since: (cursor: string) =>
      Effect.flatMap(service.since(cursor), (delta) =>
        Effect.map(count(delta), (value) => ({ value, cursor: delta.cursor }))
      )
  }
})

describe("Snapshotter", () => {
  it.effect("tells what changed between the last two snapshots", () =>
    Effect.gen(function* () {
      shows("APPNET_STATS_SNAPSHOT_INTERVAL_S", "stats-delta")
      const { delta, next } = yield* snapshotter
      assert.isUndefined(yield* delta)
      yield* next(5)
      yield* next(12)
      assert.strictEqual(yield* delta, 7)
      yield* next(1012)
      assert.strictEqual(yield* delta, 1000)
      assert.strictEqual(yield* delta, 1000)
    })
  )

  it.effect("skips a snapshot that fails, and covers the gap with the next", () =>
    Effect.gen(function* () {
      const { delta, next } = yield* snapshotter
      yield* next(5)
      yield* next(10)
      yield* next(undefined)
      assert.strictEqual(yield* delta, 5)
      yield* next(30)
      assert.strictEqual(yield* delta, 20)
    })
  )

  it.effect("knows nothing after a restart, and subtracts nothing of the Envoy before", () =>
    Effect.gen(function* () {
      shows("restart-resets")
      const { delta, next, restart, since } = yield* snapshotter
      yield* next(100)
      yield* next(200)
      const { cursor } = yield* since("none")
      yield* restart
      assert.isUndefined(yield* delta)
      yield* next(300)
      assert.isUndefined(yield* delta)
      assert.strictEqual((yield* since(cursor)).value, 300)
      yield* next(301)
      assert.strictEqual(yield* delta, 1)
    })
  )

  it.effect("tells each of several scrapers every increment exactly once", () =>
    Effect.gen(function* () {
      shows("stats-cursor")
      const { next, since } = yield* snapshotter
      yield* next(5)
      const a = yield* since("")
      assert.strictEqual(a.value, 5)
      yield* next(8)
      const b = yield* since("unknown")
      assert.strictEqual(b.value, 8)
      yield* next(20)
      const a2 = yield* since(a.cursor)
      assert.strictEqual(a2.value, 15)
      assert.deepStrictEqual(yield* since(a2.cursor), { value: 0, cursor: a2.cursor })
      yield* next(21)
      assert.strictEqual((yield* since(b.cursor)).value, 13)
      assert.strictEqual((yield* since(a2.cursor)).value, 1)
    })
  )

  it.effect("takes a snapshot at once for the first scraper, and gives up cursors that nobody came back with", () =>
    Effect.gen(function* () {
      const { admin, next, since } = yield* snapshotter
      admin.script.exposition = exposition(3)
      const first = yield* since("")
      assert.strictEqual(first.value, 3)
      for (let i = 1; i <= 17; i += 1) {
        yield* next(3 + i)
        yield* since("")
      }
      assert.strictEqual((yield* since(first.cursor)).value, 20)
    })
  )

  it.effect("gives up the names of series that are gone, and still tells every increment once", () =>
    Effect.gen(function* () {
      const { admin, next, since } = yield* snapshotter
      yield* next(5)
      const { cursor } = yield* since("")
      for (let round = 0; round < 4; round += 1) {
        const others = Array.from({ length: 5000 }, (_, i) => `envoy_appmesh_x{i="${round}-${i}"} 1\n`).join("")
        admin.script.exposition = [...exposition(6 + round), others]
        yield* TestClock.adjust("10 seconds")
      }
      yield* next(20)
      yield* next(21)
      assert.strictEqual((yield* since(cursor)).value, 16)
    })
  )
})
