import { createServer, ServerResponse } from "node:http"
import type { ListenOptions } from "node:net"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, Effect, Layer, Schedule } from "effect"
import { ManagementBindFailed } from "../../../services/ManagementServer.ts"
import { answerHeaders } from "./answerHeaders.ts"
import { watchConnections } from "./connections.ts"
import { makeCutOffLog } from "./cutOffs.ts"

/** Requests are small and have no body, so a client that needs longer than this is cut off. */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024
}
/** The last resort: a connection on which nothing happens at all. */
const inactivityTimeout = 30_000
const maxConnections = 1024

class Answer extends ServerResponse {
  constructor(...parameters: ConstructorParameters<typeof ServerResponse>) {
    super(...parameters)
    for (const [name, value] of Object.entries(answerHeaders)) this.setHeader(name, value)
  }
}

const makeServer = () => {
  const server = createServer({ ...limits, requireHostHeader: false, ServerResponse: Answer })
  server.timeout = inactivityTimeout
  // A client that has ended its side of the connection still gets its answer.
  return Object.assign(server, { httpAllowHalfOpen: true })
}

/** An HTTP server that listens for as long as its layer lives. Requests in progress have a second to finish. */
export const listenOn = (options: ListenOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const server = makeServer()
      const connections = watchConnections(server, maxConnections)
      const logCutOffs = yield* makeCutOffLog
      const endStalled = Effect.flatMap(Clock.monotonicTimeNanos, (now) => logCutOffs(now, connections.endStalled(now)))
      return Layer.merge(
        NodeHttpServer.layerServer(() => server, { ...options, gracefulShutdownTimeout: "1 second" }),
        Layer.effectDiscard(Effect.forkScoped(Effect.repeat(endStalled, Schedule.spaced("1 second"))))
      )
    })
  )

/** The code of a system error, such as EADDRINUSE. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown"

const adviceByCode: Readonly<Record<string, string>> = {
  EADDRINUSE: "Another process listens there: stop it, or choose another address",
  EADDRNOTAVAIL: "This machine has no such address",
  EACCES: "This user may not use that address",
  ENOENT: "The folder does not exist: create it, or choose another path",
  EINVAL: "A unix socket's path has at most 107 bytes, and that of its folder at most 85"
}

/** The error for an address that these settings chose and that cannot be bound, with advice where the code is known. */
export const bindFailed = (address: string, settingNames: string) => (error: { readonly cause: unknown }) =>
  new ManagementBindFailed({
    address,
    problem: error.cause instanceof Error ? error.cause.message : `${error.cause}`,
    advice: `${adviceByCode[errorCode(error.cause)] ?? "Choose another address"} (${settingNames})`
  })
