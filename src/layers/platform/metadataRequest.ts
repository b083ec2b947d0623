import { Data, Effect } from "effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import { foreignLine } from "../../services/foreignText.ts"
import { wholeText } from "../http/wholeBody.ts"

/** A metadata endpoint gave no usable answer. */
export class MetadataError extends Data.TaggedError("MetadataError")<{
  readonly url: string
  /** `timeout`: no whole answer in time; `invalid`: an answer of the wrong shape. */
  readonly kind: "unreachable" | "status" | "timeout" | "invalid"
  /** `ECONNREFUSED`, `status 404`, `no answer in 2000 ms`, `not JSON`. */
  readonly reason: string
}> {
  override get message() {
    return `${this.url}: ${this.reason}`
  }
}

/** Milliseconds for all requests to one metadata endpoint together. The agent starts without their answers. */
export const metadataTimeout = 2000

/** Sends a request and reads the whole body; any status but 200 is an error. */
export const requestMetadata = Effect.fn("requestMetadata")(function* (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  timeoutMillis: number = metadataTimeout
) {
  const { url } = request
  const failed = (kind: MetadataError["kind"], reason: string) => new MetadataError({ url, kind, reason })
  const exchange = Effect.gen(function* () {
    const response = yield* client.execute(request)
    if (response.status !== 200) return yield* failed("status", `status ${response.status}`)
    return yield* wholeText(response)
  })
  return yield* exchange.pipe(
    Effect.catchTags({
      BodyTooLong: ({ message }) => Effect.fail(failed("invalid", message)),
      HttpClientError: ({ reason }) => {
        const cause = "cause" in reason ? reason.cause : undefined
        if (!(cause instanceof Error)) return Effect.fail(failed("unreachable", reason._tag))
        return Effect.fail(failed("unreachable", "code" in cause ? `${cause.code}` : foreignLine(cause.message)))
      }
    }),
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () => Effect.fail(failed("timeout", `no answer in ${timeoutMillis} ms`))
    })
  )
})
