import { Data, Effect, Stream } from "effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"

/** Bytes of an answer that is read whole, at most. Who answers more is not what it should be, or has gone mad. */
const longestBody = 4 * 1024 * 1024

/** An answer that should be read whole is too long for that. */
export class BodyTooLong extends Data.TaggedError("BodyTooLong") {
  override get message() {
    return "the answer is longer than 4 MB"
  }
}

/** The text of an answer, read to its end. Reading stops, and the connection is closed, where it is longer than 4 MB. */
export const wholeText = Effect.fnUntraced(function* (response: HttpClientResponse) {
  const parts: Array<Uint8Array> = []
  let length = 0
  yield* Stream.runForEach(response.stream, (part): Effect.Effect<void, HttpClientError | BodyTooLong> => {
    length += part.length
    if (length > longestBody) return new BodyTooLong()
    parts.push(part)
    return Effect.void
  })
  return Buffer.concat(parts, length).toString("utf8")
})
