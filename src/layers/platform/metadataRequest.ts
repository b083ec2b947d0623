import { Effect } from "effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"

/** What all metadata endpoints have together, in milliseconds. */
export const patience = 2000

/** The body of an answer with status 200, else why there is none. */
export const question =
  (client: HttpClient.HttpClient) =>
  (request: HttpClientRequest.HttpClientRequest, milliseconds = patience): Effect.Effect<string, string> =>
    client.execute(request).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (body) => ({ status: response.status, body }))),
      Effect.mapError((error) => {
        const cause = "cause" in error.reason ? error.reason.cause : undefined
        return cause instanceof Error && "code" in cause ? `${cause.code}` : error.reason._tag
      }),
      Effect.flatMap(({ body, status }) => (status === 200 ? Effect.succeed(body) : Effect.fail(`status ${status}`))),
      Effect.timeoutOrElse({
        duration: milliseconds,
        orElse: () => Effect.fail(`no answer in ${milliseconds} ms`)
      })
    )
