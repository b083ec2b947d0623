import { Duration, Effect, Layer, Option, Random, Ref, Schedule, Semaphore, Stream, SubscriptionRef } from "effect"
import { AdminClient, AdminError } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { Snapshotter, type StatsDelta } from "../../services/Snapshotter.ts"
import { deltaText } from "./delta.ts"
import { makeDictionary } from "./dictionary.ts"
import { makeFilter } from "./extensionFilter.ts"
import { makeSnapshotReader, movedTo, type Snapshot } from "./snapshot.ts"

interface Taken {
  readonly cursor: string
  readonly snapshot: Snapshot
}

/** What is held of one start of Envoy. */
interface Held {
  readonly last: Option.Option<Taken>
  readonly before: Option.Option<Taken>
  /** Snapshots whose cursors were handed out, oldest use first. */
  readonly handedOut: ReadonlyArray<Taken>
  readonly dictionary: Snapshot["dictionary"]
}

/** Scrapers that can be told apart; each costs the values of one snapshot. */
const mostCursors = 16

const fresh = (): Held => ({
  last: Option.none(),
  before: Option.none(),
  handedOut: [],
  dictionary: makeDictionary()
})

/** A dictionary only grows: it is given up when most of what it holds is of series that are gone. */
const isMostlyGone = ({ dictionary, last }: Held) =>
  Option.exists(last, ({ snapshot }) => dictionary.size() > 10_000 + 3 * snapshot.items.length)

/** What is held, without the lines that nothing of it needs any more. */
const tidied = (held: Held): Held => {
  const dictionary = makeDictionary()
  const moved = new Map<string, Taken>()
  const move = (taken: Taken): Taken => {
    const known = moved.get(taken.cursor) ?? { ...taken, snapshot: movedTo(dictionary, taken.snapshot) }
    moved.set(taken.cursor, known)
    return known
  }
  return {
    dictionary,
    last: Option.map(held.last, move),
    before: Option.map(held.before, move),
    handedOut: held.handedOut.map(move)
  }
}

export const SnapshotterLive = Layer.effect(
  Snapshotter,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const envoy = yield* EnvoyProcess
    const held = yield* Ref.make<Held>(fresh())
    const oneAtATime = yield* Semaphore.make(1)
    // Cursors of an agent that ran before are none of this one's.
    const run = (yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)
    let count = 0

    const epoch = Effect.map(SubscriptionRef.get(envoy.state), (state) => state.epoch)

    const read = Effect.fnUntraced(function* (dictionary: Snapshot["dictionary"]) {
      const body = yield* admin.prometheus({ usedOnly: true })
      const filter = makeFilter()
      const reader = makeSnapshotReader(dictionary)
      yield* Stream.runForEach(body, (part) =>
        Effect.sync(() => {
          for (const piece of filter.push(part)) reader.push(piece)
        })
      )
      return reader.end()
    }, Effect.scoped)

    const take = Effect.gen(function* () {
      const started = yield* epoch
      const { dictionary } = yield* Ref.updateAndGet(held, (known) => (isMostlyGone(known) ? tidied(known) : known))
      const snapshot = yield* read(dictionary)
      // Envoy's restart in the middle: what was read belongs to no one.
      if ((yield* epoch) !== started) {
        return yield* new AdminError({ endpoint: "/stats/prometheus", reason: "body", detail: "Envoy was restarted" })
      }
      count += 1
      const taken: Taken = { cursor: `${run}-${count}`, snapshot }
      yield* Ref.update(held, (before) => ({ ...before, last: Option.some(taken), before: before.last }))
      return taken
    }).pipe(oneAtATime.withPermits(1))

    const between = (from: Option.Option<Taken>, to: Taken): StatsDelta => ({
      cursor: to.cursor,
      text: Stream.suspend(() =>
        Stream.fromIterable(deltaText(Option.getOrUndefined(from)?.snapshot, to.snapshot), { chunkSize: 1 })
      )
    })

    const delta = Effect.map(Ref.get(held), ({ before, last }) =>
      Option.isSome(before) && Option.isSome(last) ? Option.some(between(before, last.value)) : Option.none()
    )

    const since = Effect.fnUntraced(function* (cursor: string) {
      const { last } = yield* Ref.get(held)
      const first = Option.isSome(last) ? last.value : yield* take
      // In one step, so that both snapshots are of one dictionary.
      return yield* Ref.modify(held, (now) => {
        const to = Option.getOrElse(now.last, () => first)
        const from = Option.fromUndefinedOr(now.handedOut.find((taken) => taken.cursor === cursor))
        const others = now.handedOut.filter((taken) => taken.cursor !== to.cursor)
        return [between(from, to), { ...now, handedOut: [...others, to].slice(-mostCursors) }]
      })
    })

    const forget = Ref.set(held, fresh())
    yield* SubscriptionRef.changes(envoy.state).pipe(
      Stream.filter(({ _tag, epoch }) => _tag === "Starting" && epoch > 0),
      Stream.runForEach(() => forget),
      Effect.forkScoped
    )
    if (settings.ENABLE_STATS_SNAPSHOT) {
      yield* take.pipe(
        Effect.matchEffect({
          onSuccess: () => Effect.void,
          onFailure: (error) =>
            Effect.logWarning(`no snapshot of the stats: ${error.message}; the next one covers the gap`)
        }),
        Effect.schedule(Schedule.fixed(Duration.seconds(settings.APPNET_STATS_SNAPSHOT_INTERVAL_S))),
        Effect.forkScoped
      )
    }
    return Snapshotter.of({ enabled: settings.ENABLE_STATS_SNAPSHOT, delta, since })
  })
)
