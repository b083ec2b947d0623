import * as zlib from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Option, Stream } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { AdminClient, AdminError } from "../../../services/AdminClient.ts"
import type { StatsQuery } from "../../../services/ManagementApi.ts"
import { Snapshotter } from "../../../services/Snapshotter.ts"
import { makeFilter } from "../../stats/filter.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** Only the metrics extension's families, as they come. */
export const filtered = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.suspend(() => {
    const filter = makeFilter()
    return Stream.mapAccum(
      body,
      () => filter,
      (state, part) => [state, state.push(part)] as const
    )
  })

/** A level that costs little: stats are mostly the same words again and again. */
const compressionLevel = 1

const gzipped = <E>(body: Stream.Stream<Uint8Array, E>) =>
  NodeStream.pipeThroughDuplex(body, {
    evaluate: () => zlib.createGzip({ level: compressionLevel }),
    onError: (cause) => new AdminError({ endpoint: "/stats/prometheus", reason: "body", detail: `gzip: ${cause}` })
  })

/** Whether a client takes gzip: named, and not with a weight of 0. */
export const takesGzip = (header: string | undefined): boolean =>
  (header ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase())
    return (coding === "gzip" || coding === "*") && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

interface Answer<E> {
  readonly body: Stream.Stream<Uint8Array, E>
  readonly headers: Readonly<Record<string, string>>
}

/** `GET /stats/prometheus` in all its forms. */
export const statsAnswer = Effect.fnUntraced(function* (
  query: typeof StatsQuery.Type,
  acceptEncoding: string | undefined
) {
  const admin = yield* AdminClient
  const snapshotter = yield* Snapshotter
  const usedOnly = query.usedonly !== undefined

  const current = (headers: Readonly<Record<string, string>> = {}) =>
    Effect.map(
      admin.prometheus({ usedOnly }),
      (body): Answer<AdminError> => ({
        body: query.filter === undefined ? body : filtered(body),
        headers
      })
    )
  const answer: Answer<AdminError> = yield* Effect.gen(function* () {
    if (query.delta === undefined) return yield* current()
    if (!snapshotter.enabled) return yield* current({ "x-snapshot": "disabled" })
    if (query.since !== undefined) {
      const { cursor, text } = yield* snapshotter.since(query.since)
      return { body: text, headers: { "x-snapshot-cursor": cursor } }
    }
    const delta = yield* snapshotter.delta
    return Option.isNone(delta)
      ? yield* current({ "x-snapshot": "none" })
      : { body: delta.value.text, headers: { "x-snapshot-cursor": delta.value.cursor } }
  })

  const small = takesGzip(acceptEncoding)
  // One by one, since the server makes one new buffer of all parts that come together.
  const body = Stream.rechunk(small ? gzipped(answer.body) : answer.body, 1)
  return HttpServerResponse.stream(body, {
    contentType,
    headers: { ...answer.headers, vary: "accept-encoding", ...(small ? { "content-encoding": "gzip" } : {}) }
  })
})
