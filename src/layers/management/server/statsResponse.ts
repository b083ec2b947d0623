import { Effect, Option, Ref, Stream } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { AdminClient, type AdminError } from "../../../services/AdminClient.ts"
import { type QueryOf, routeTable } from "../../../services/ManagementApi.ts"
import { Snapshotter, type StatsDelta } from "../../../services/Snapshotter.ts"
import { maxStatsAnswers, StatsSlots } from "../../../services/StatsSlots.ts"
import { onlyExtensionFamilies } from "../../stats/extensionFilter.ts"
import { acceptsGzip, gzip } from "./gzip.ts"
import { RequestRefused } from "./refusal.ts"

/** A reader that is slower than this is cut off: while it reads, Envoy holds the answer in its memory. */
const longestAnswer = "1 minute"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

interface Stats {
  readonly body: Stream.Stream<Uint8Array, AdminError>
  readonly headers: Readonly<Record<string, string>>
}

/** Envoy's stats now, as they arrive. */
const currentStats = Effect.fnUntraced(function* (
  { filter, usedonly }: QueryOf<"prometheus">,
  headers: Readonly<Record<string, string>> = {}
) {
  const options = { usedOnly: usedonly !== undefined, extensionOnly: filter !== undefined }
  const body = yield* (yield* AdminClient).prometheus(options)
  return { body: filter === undefined ? body : onlyExtensionFamilies(body), headers }
})

const deltaStats = ({ cursor, isWhole, text }: StatsDelta): Stats => ({
  body: text,
  headers: {
    ...(cursor === undefined ? {} : { "x-snapshot-cursor": cursor }),
    ...(isWhole ? { "x-snapshot": "restarted" } : {})
  }
})

const readStats = Effect.fnUntraced(function* (query: QueryOf<"prometheus">) {
  const snapshotter = yield* Snapshotter
  if (query.delta === undefined) return yield* currentStats(query)
  if (!snapshotter.enabled) return yield* currentStats(query, { "x-snapshot": "disabled" })
  if (query.since !== undefined) return deltaStats(yield* snapshotter.since(query.since))
  const delta = yield* snapshotter.delta
  return Option.isSome(delta) ? deltaStats(delta.value) : yield* currentStats(query, { "x-snapshot": "none" })
})

/**
 * Ends the request that this is part of, with its connection, where its answer is not over in time. There are few places for
 * stats answers, so this cannot fill the log.
 */
const endInTime = (requester: string, sent: Ref.Ref<number>) =>
  Effect.withFiber((request) =>
    Effect.sleep(longestAnswer).pipe(
      Effect.andThen(Ref.get(sent)),
      Effect.flatMap((bytes) =>
        Effect.logWarning(
          `${requester} is cut off: it has not taken the whole answer to ${routeTable.prometheus.path} in ${longestAnswer}, after ${bytes} bytes`
        )
      ),
      Effect.andThen(Effect.sync(() => request.interruptUnsafe())),
      Effect.forkScoped
    )
  )

/** The answer to `GET /stats/prometheus`, compressed if the client accepts gzip. */
export const statsResponse = Effect.fnUntraced(function* (
  query: QueryOf<"prometheus">,
  acceptEncoding: string | undefined,
  requester: string
) {
  if (!(yield* (yield* StatsSlots).take)) {
    return yield* new RequestRefused({
      status: 503,
      reason: `${maxStatsAnswers} stats answers are under way: ask again in 1 s`,
      headers: { "retry-after": "1" }
    })
  }
  const sent = yield* Ref.make(0)
  yield* endInTime(requester, sent)
  const { body, headers } = yield* readStats(query)
  const isCompressed = acceptsGzip(acceptEncoding)
  const encoded: Stream.Stream<Uint8Array, { readonly message: string }> = isCompressed ? gzip(body) : body
  // The status is sent already when the body fails, so the client sees a broken connection and the log has the reason.
  const logged = Stream.tapError(encoded, ({ message }) => Effect.logWarning(`a stats answer broke off: ${message}`))
  const counted = Stream.tap(logged, ({ length }) => Ref.update(sent, (bytes) => bytes + length))
  // Parts are sent one by one: the server copies parts that arrive together into one new buffer.
  return HttpServerResponse.stream(Stream.rechunk(counted, 1), {
    contentType,
    headers: { ...headers, vary: "accept-encoding", ...(isCompressed ? { "content-encoding": "gzip" } : {}) }
  })
})
