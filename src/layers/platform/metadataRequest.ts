import { Data, Effect, Stream } from "effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"

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

/** Bytes of an answer that is read whole. */
const maximumBytes = 4 * 1024 * 1024

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
    const parts: Array<Uint8Array> = []
    let size = 0
    yield* Stream.runForEach(response.stream, (part) => {
      size += part.length
      if (size > maximumBytes) return Effect.fail(failed("invalid", `the answer is larger than ${maximumBytes} bytes`))
      parts.push(part)
      return Effect.void
    })
    return Buffer.concat(parts).toString("utf8")
  })
  return yield* exchange.pipe(
    Effect.mapError((error) => {
      if (error._tag === "MetadataError") return error
      const { reason } = error
      const cause = "cause" in reason ? reason.cause : undefined
      return failed("unreachable", cause instanceof Error && "code" in cause ? `${cause.code}` : reason._tag)
    }),
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () => Effect.fail(failed("timeout", `no answer in ${timeoutMillis} ms`))
    })
  )
})
