import * as http from "node:http"
import * as https from "node:https"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer } from "effect"

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

/**
 * A client on Node's own HTTP, lighter than fetch; each request has a connection of its own. With `socketPath`, all requests go
 * to this unix socket, whatever host they name.
 */
export const httpClientLive = (options: Pick<NodeHttpClient.HttpAgentOptions, "socketPath"> = {}) =>
  // Fresh, since clients with other options are other clients.
  Layer.fresh(
    Layer.provide(
      NodeHttpClient.layerNodeHttpNoAgent,
      Layer.effect(
        NodeHttpClient.HttpAgent,
        Effect.acquireRelease(
          Effect.sync(() => makeAgents(options)),
          (agents) => Effect.sync(() => agents.destroy())
        )
      )
    )
  )
