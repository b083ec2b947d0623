import * as http from "node:http"
import * as https from "node:https"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Option } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { HttpClientError, TransportError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

/** Plain HTTP needs no TLS, which takes megabytes of memory: an agent for it exists only if a URL asks for it. */
const makeAgents = (options: NodeHttpClient.HttpAgentOptions) => {
  let secure: https.Agent | undefined
  return {
    http: new http.Agent(options),
    get https() {
      secure ??= new https.Agent(options)
      return secure
    },
    destroy() {
      this.http.destroy()
      secure?.destroy()
    }
  }
}

const isHttp = (protocol: string) => protocol === "http:" || protocol === "https:"

/** Fails where Node would throw: another scheme than HTTP's, or a header that holds a control character. */
const checkRequest = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.try({
    try: () => {
      // A URL that cannot be parsed is refused by the client itself.
      const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
      if (url !== undefined && !isHttp(url.protocol)) throw new Error(`${url.protocol} is not HTTP`)
      for (const [name, value] of Object.entries(request.headers)) http.validateHeaderValue(name, value)
      return request
    },
    catch: (cause) => new HttpClientError({ reason: new TransportError({ request, cause }) })
  })

/**
 * A client on Node's own HTTP, lighter than fetch; each request has a connection of its own. With `socketPath`, all requests go
 * to this unix socket, whatever host they name.
 */
export const httpClientLive = (options: Pick<NodeHttpClient.HttpAgentOptions, "socketPath"> = {}) =>
  // Fresh, since clients with other options are other clients.
  Layer.fresh(
    Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, HttpClient.mapRequestEffect(checkRequest))
    ).pipe(
      Layer.provide(NodeHttpClient.layerNodeHttpNoAgent),
      Layer.provide(
        Layer.effect(
          NodeHttpClient.HttpAgent,
          Effect.acquireRelease(
            Effect.sync(() => makeAgents(options)),
            (agents) => Effect.sync(() => agents.destroy())
          )
        )
      )
    )
  )
