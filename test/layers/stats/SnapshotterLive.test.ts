import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotterLive } from "../../../src/layers/stats/SnapshotterLive.ts"
import { AdminClient } from "../../../src/services/AdminClient.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { Snapshotter, type StatsDelta } from "../../../src/services/Snapshotter.ts"
import { samples } from "../../exposition.ts"
import { envoyIn, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const exposition = (requests: number) => [
  `# TYPE envoy_appmesh_RequestCount counter\nenvoy_appmesh_RequestCount ${requests}\nenvoy_server_live 1\n`
]

const snapshotterOn = Effect.fnUntraced(function* (admin: Layer.Layer<AdminClient>, interval = 10) {
  const state = yield* SubscriptionRef.make<EnvoyState>({ _tag: "Running", epoch: 0, pid: 7, since: 0 })
  const context = yield* Layer.build(
    SnapshotterLive.pipe(
      Layer.provide(
        Layer.mergeAll(
          settings({ ENABLE_STATS_SNAPSHOT: "1", APPNET_STATS_SNAPSHOT_INTERVAL_S: `${interval}` }),
          admin,
          envoyIn(state)
        )
      )
    )
  )
  const service = Context.get(context, Snapshotter)
  const count = (delta: StatsDelta) =>
    Effect.map(Stream.mkString(Stream.decodeText(delta.text)), (text) => samples(text)[0]?.value)
  yield* TestClock.adjust(0)
  return {
    state,
    deltaCursor: Effect.map(service.delta, (found) => Option.getOrThrow(found).cursor ?? "none"),
    delta: Effect.flatMap(service.delta, Option.match({ onNone: () => Effect.succeed(undefined), onSome: count })),
    isWhole: (cursor: string) => Effect.map(service.since(cursor), (delta) => delta.isWhole),
    since: (cursor: string) =>
      Effect.flatMap(service.since(cursor), (delta) =>
        Effect.map(count(delta), (value) => ({ value, cursor: delta.cursor ?? "none" }))
      )
  }
})

const snapshotter = Effect.gen(function* () {
  const admin = simulatedAdmin({ exposition: exposition(0) })
  const world = yield* snapshotterOn(admin.layer)
  const { state } = world
  return {
    ...world,
    admin,
    /** Envoy has served this many, and the next snapshot is taken. */
    next: (requests: number | undefined) =>
      Effect.suspend(() => {
        admin.script.exposition = requests === undefined ? undefined : exposition(requests)
        return TestClock.adjust("10 seconds")
      }),
    restart: Effect.andThen(SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 }), TestClock.adjust(0))
  }
})

describe("Snapshotter", () => {
  it.effect("gives the difference between the last two snapshots", () =>
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

  it.effect("skips a snapshot that fails; the next one covers the gap", () =>
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

  it.effect("starts again after a restart of Envoy and subtracts nothing of the one before", () =>
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

  it.effect("gives each of several scrapers every increment exactly once", () =>
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

  it.effect("takes a snapshot at once for the first scraper", () =>
    Effect.gen(function* () {
      const { admin, since } = yield* snapshotter
      admin.script.exposition = exposition(3)
      assert.strictEqual((yield* since("")).value, 3)
    })
  )

  it.effect("knows a cursor for 10 minutes, however often others ask, and then gives everything", () =>
    Effect.gen(function* () {
      shows("cursor-lifetime", "cursor-restarted")
      const { admin, isWhole, since } = yield* snapshotter
      admin.script.exposition = exposition(1)
      const first = yield* since("")
      let other = first
      for (let seconds = 10; seconds < 600; seconds += 10) {
        admin.script.exposition = exposition(1 + seconds)
        yield* TestClock.adjust("10 seconds")
        other = yield* since(other.cursor)
        assert.strictEqual(other.value, 10)
      }
      assert.isFalse(yield* isWhole(first.cursor))
      assert.strictEqual((yield* since(first.cursor)).value, 590)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(yield* isWhole(first.cursor))
      assert.strictEqual((yield* since(first.cursor)).value, 591)
      assert.isFalse(yield* isWhole(other.cursor))
    })
  )

  it.effect("says that values are whole where the cursor is unknown, or a counter decreased", () =>
    Effect.gen(function* () {
      shows("cursor-restarted")
      const { isWhole, next, since } = yield* snapshotter
      yield* next(100)
      for (const unknown of ["", "none", "abc-1"]) assert.isTrue(yield* isWhole(unknown), unknown)
      const { cursor } = yield* since("")
      yield* next(101)
      assert.isFalse(yield* isWhole(cursor))
      yield* next(7)
      assert.isTrue(yield* isWhole(cursor))
      assert.strictEqual((yield* since(cursor)).value, 7)
    })
  )

  it.effect("knows the cursor that came with a delta of the last two snapshots", () =>
    Effect.gen(function* () {
      shows("stats-cursor")
      const { deltaCursor, next, since } = yield* snapshotter
      yield* next(1)
      yield* next(5)
      const cursor = yield* deltaCursor
      yield* next(12)
      assert.strictEqual((yield* since(cursor)).value, 7)
    })
  )

  it.effect("gives 32 scrapers with intervals of their own every increment exactly once", () =>
    Effect.gen(function* () {
      shows("cursor-lifetime", "stats-cursor")
      const admin = simulatedAdmin({ exposition: exposition(0) })
      const { since } = yield* snapshotterOn(admin.layer, 1)
      const scrapers = yield* Effect.forEach(Array.from({ length: 32 }), (_, i) =>
        // From each second to almost ten minutes.
        Effect.map(since(""), ({ cursor }) => ({ interval: 1 + i * 19, cursor, sum: 0 }))
      )
      let total = 0
      for (let second = 1; second <= 1300; second += 1) {
        total += second % 7
        admin.script.exposition = exposition(total)
        yield* TestClock.adjust("1 second")
        for (const scraper of scrapers) {
          if (second % scraper.interval !== 0) continue
          const { cursor, value = Number.NaN } = yield* since(scraper.cursor)
          scraper.sum += value
          scraper.cursor = cursor
        }
      }
      for (const scraper of scrapers) {
        scraper.sum += (yield* since(scraper.cursor)).value ?? Number.NaN
        assert.strictEqual(scraper.sum, total, `every ${scraper.interval} s`)
      }
    })
  )

  it.effect("drops the names of series that are gone and still gives every increment once", () =>
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

  it.effect("subtracts nothing of an Envoy that has just been restarted", () =>
    Effect.gen(function* () {
      shows("restart-resets")
      const { admin, delta, next, since, state } = yield* snapshotter
      yield* next(100)
      yield* next(200)
      const { cursor } = yield* since("none")
      admin.script.exposition = exposition(300)
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
      assert.isUndefined(yield* delta)
      const after = yield* since(cursor)
      assert.strictEqual(after.value, 300)
      assert.notStrictEqual(after.cursor, cursor)
    })
  )

  it.effect("drops a snapshot during which Envoy was restarted", () =>
    Effect.gen(function* () {
      shows("restart-resets")
      const slow = Layer.mock(AdminClient, {
        prometheus: () =>
          Effect.succeed(
            Stream.fromIterable(exposition(7)).pipe(
              Stream.encodeText,
              Stream.mapEffect((part) => Effect.delay(Effect.succeed(part), "2 seconds"))
            )
          )
      })
      const { delta, since, state } = yield* snapshotterOn(slow)
      const asked = yield* Effect.forkChild(Effect.flip(since("")))
      yield* TestClock.adjust("1 second")
      yield* SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(asked)).detail, "Envoy was restarted")
      assert.isUndefined(yield* delta)
      const later = yield* Effect.forkChild(since(""))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(later)).value, 7)
    })
  )
})
