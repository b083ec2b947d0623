import * as fs from "node:fs"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../../services/Config.ts"
import { formatHostPort } from "../../../services/hostPort.ts"
import { AgentUnreachable, ManagementClient, ManagementNotServed } from "../../../services/ManagementClient.ts"
import { httpClientLive } from "../../http/httpClient.ts"
import { describeTarget, type ManagementTarget, requestStatus, targetOf } from "./statusRequest.ts"

const statusTimeoutMillis = 2000
/** Until the headers of an answer. Longer than the 5 s that the agent waits for Envoy's stats. */
const headersTimeout = "10 seconds"

const originOf = (target: ManagementTarget) =>
  target._tag === "Unix" ? "http://localhost" : `http://${formatHostPort(target)}`

/** The code of the system error behind a client error, or the best description that there is. */
const problemOf = ({ reason }: HttpClientError) => {
  const cause = "cause" in reason ? reason.cause : undefined
  if (!(cause instanceof Error)) return reason._tag
  return "code" in cause ? `${cause.code}` : cause.message
}

/** The client of a process of this user, where 0 is root. */
export const layerAs = (userId: number) =>
  Layer.effect(
    ManagementClient,
    Effect.map(Config, ({ settings }) => {
      const target = targetOf(settings)
      if (target === undefined) {
        const notServed = Effect.fail(new ManagementNotServed())
        return ManagementClient.of({ status: notServed, request: () => notServed })
      }
      const unreachable = (problem: string) => new AgentUnreachable({ address: describeTarget(target), problem })

      const status = Effect.flatMap(
        Effect.promise(() => requestStatus(target, statusTimeoutMillis)),
        (result) => (result._tag === "Answered" ? Effect.succeed(result.status) : unreachable(result.problem))
      )

      const token = settings.APPNET_AGENT_ADMIN_TOKEN
      /** Another user's socket may be a trap: whoever listens there would get the token. */
      const checkOwner = (path: string) =>
        Effect.flatMap(
          Effect.try({
            try: () => fs.statSync(path).uid,
            catch: (cause) => unreachable(cause instanceof Error && "code" in cause ? `${cause.code}` : `${cause}`)
          }),
          (owner) =>
            owner === userId || owner === 0
              ? Effect.void
              : unreachable(`the socket belongs to user ${owner}, so the token is not sent there`)
        )
      const headers = token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` }
      const transport = httpClientLive(target._tag === "Unix" ? { socketPath: target.path } : {})
      const request: ManagementClient["Service"]["request"] = Effect.fn("ManagementClient.request")(
        function* (method, path) {
          if (token !== undefined && target._tag === "Unix") yield* checkOwner(target.path)
          // Built in the caller's scope, since the body is read after this returns.
          const client = Context.get(yield* Layer.build(transport), HttpClient.HttpClient)
          const response = yield* client
            .execute(HttpClientRequest.make(method)(`${originOf(target)}${path}`, { headers }))
            .pipe(
              Effect.mapError((error) => unreachable(problemOf(error))),
              Effect.timeoutOrElse({
                duration: headersTimeout,
                orElse: () => unreachable(`no answer in ${headersTimeout}`)
              })
            )
          const body = Stream.mapError(response.stream, (error) =>
            unreachable(`the answer broke off (${problemOf(error)})`)
          )
          return { status: response.status, headers: response.headers, body }
        }
      )

      return ManagementClient.of({ status, request })
    })
  )

/** The client of this process. */
export const ManagementClientLive = Layer.suspend(() => layerAs(process.getuid?.() ?? 0))
