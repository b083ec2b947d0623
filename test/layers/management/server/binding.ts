import * as net from "node:net"
import { Effect, Layer, Result } from "effect"
import type * as HttpServer from "effect/http/HttpServer"
import type { ManagementBindFailed } from "../../../../src/services/ManagementServer.ts"

/** Another server at this address, until the test ends. */
export const listening = (options: net.ListenOptions) =>
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer()
      server.listen(options, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** Why an address cannot be bound. */
export const bindFailure = (layer: Layer.Layer<HttpServer.HttpServer, ManagementBindFailed>) =>
  Effect.map(Effect.result(Effect.scoped(Layer.build(layer))), (result) =>
    Result.isFailure(result) ? result.failure.message : "bound"
  )
