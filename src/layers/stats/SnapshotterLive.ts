import { Clock, Duration, Effect, Layer, Option, Random, Ref, Schedule, Semaphore, Stream } from "effect"
import { AdminClient, AdminError } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { Snapshotter, type StatsDelta } from "../../services/Snapshotter.ts"
import { baseOf, deltaText } from "./delta.ts"
import type { Dictionary } from "./dictionary.ts"
import { makeExtensionFilter } from "./extensionFilter.ts"
import { type Snapshot, seriesCount } from "./snapshot.ts"
import { makeSnapshotReader } from "./snapshotReader.ts"
import {
  compacted,
  isMostlyStale,
  type NamedSnapshot,
  type SnapshotStore,
  serve,
  storeOfEpoch,
  withSnapshot
} from "./snapshotStore.ts"

const restartedMeanwhile = () =>
  new AdminError({ endpoint: "/stats/prometheus", reason: "body", detail: "Envoy was restarted" })

/** `to.cursor` names where this difference ends. */
const difference = (from: NamedSnapshot | undefined, to: NamedSnapshot): StatsDelta => {
  const base = baseOf(from?.snapshot, to.snapshot)
  return {
    cursor: to.cursor,
    isWhole: base === undefined,
    text: Stream.suspend(() => Stream.fromIterable(deltaText(from?.snapshot, to.snapshot, base), { chunkSize: 1 }))
  }
}

export const SnapshotterLive = Layer.effect(
  Snapshotter,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const epochNow = Effect.map(envoy.state, ({ epoch }) => epoch)
    const store = yield* Ref.make<SnapshotStore>(storeOfEpoch(yield* epochNow))
    const oneAtATime = yield* Semaphore.make(1)
    /** Makes the cursors of this agent different from those of earlier agents. */
    const agentId = (yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)

    const read = Effect.fnUntraced(function* (dictionary: Dictionary) {
      const body = yield* admin.prometheus({ usedOnly: true, extensionOnly: true })
      const filter = makeExtensionFilter()
      const reader = makeSnapshotReader(dictionary)
      let bytes = 0
      yield* Stream.runForEach(body, (part) =>
        Effect.sync(() => {
          bytes += part.length
          for (const piece of filter.push(part)) reader.push(piece)
        })
      )
      return { bytes, snapshot: reader.end() }
    }, Effect.scoped)

    /** Adds a snapshot to the store of its epoch; none if Envoy has been restarted since the snapshot was begun. */
    const add = (epoch: number, snapshot: Snapshot) =>
      Ref.modify(store, (known): readonly [Option.Option<NamedSnapshot>, SnapshotStore] => {
        if (known.epoch !== epoch) return [Option.none(), known]
        const after = withSnapshot(known, snapshot, `${agentId}-${known.count + 1}`)
        return [after.last, after]
      })

    const take = Effect.fn("Snapshotter.take")(function* () {
      const epoch = yield* epochNow
      const { dictionary } = yield* Ref.updateAndGet(store, (known) => {
        const current = storeOfEpoch(epoch, known)
        return isMostlyStale(current) ? compacted(current) : current
      })
      const { bytes, snapshot } = yield* read(dictionary)
      if ((yield* epochNow) !== epoch) return yield* restartedMeanwhile()
      const added = yield* add(epoch, snapshot)
      if (Option.isNone(added)) return yield* restartedMeanwhile()
      yield* Effect.logDebug(
        `stats snapshot ${added.value.cursor}: ${seriesCount(snapshot)} series from ${bytes} bytes of Envoy's stats`
      )
    }, oneAtATime.withPermit)

    const delta = Effect.gen(function* () {
      const epoch = yield* epochNow
      const now = yield* Clock.monotonicTimeNanos
      const { last, previous, served } = yield* Ref.modify(store, (known) => {
        const current = storeOfEpoch(epoch, known)
        const [served, after] = serve(current, "", now)
        return [{ ...current, served }, after]
      })
      // The cursor of a snapshot that is not served would be unknown.
      const isServed = Option.exists(served, ({ to }) => Option.exists(last, ({ cursor }) => cursor === to.cursor))
      return Option.map(Option.zipWith(previous, last, difference), (found) => ({
        ...found,
        cursor: isServed ? found.cursor : undefined
      }))
    })

    const since = Effect.fn("Snapshotter.since")(function* (cursor: string) {
      const epoch = yield* epochNow
      if (Option.isNone(storeOfEpoch(epoch, yield* Ref.get(store)).last)) yield* take()
      const now = yield* Clock.monotonicTimeNanos
      // Both snapshots and the new list of cursors in one step, so that they are of one dictionary.
      const found = yield* Ref.modify(store, (known) => serve(storeOfEpoch(epoch, known), cursor, now))
      if (Option.isNone(found)) return yield* restartedMeanwhile()
      const { from, to } = found.value
      if (Option.isNone(from)) yield* Effect.logDebug("a stats cursor is unknown or expired: all values are sent")
      return difference(Option.getOrUndefined(from), to)
    })

    // Drops the snapshots of an Envoy that is gone; readers drop them too if they come first.
    yield* envoy.changes.pipe(
      Stream.runForEach(({ epoch }) => Ref.update(store, (known) => storeOfEpoch(epoch, known))),
      Effect.forkScoped
    )
    if (settings.ENABLE_STATS_SNAPSHOT) {
      yield* take().pipe(
        Effect.catchTag("AdminError", ({ message }) =>
          Effect.logWarning(`no snapshot of the stats: ${message}; the next one covers the gap`)
        ),
        Effect.schedule(Schedule.fixed(Duration.seconds(settings.APPNET_STATS_SNAPSHOT_INTERVAL_S))),
        Effect.forkScoped
      )
    }
    return Snapshotter.of({ enabled: settings.ENABLE_STATS_SNAPSHOT, delta, since })
  })
)
