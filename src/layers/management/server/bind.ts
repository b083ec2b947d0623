import * as fs from "node:fs"
import type { Server } from "node:http"
import { createServer } from "node:http"
import * as net from "node:net"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import { formatHostPort, withoutBrackets } from "../../../services/hostPort.ts"
import { ManagementBindFailed } from "../../../services/ManagementServer.ts"

/** Requests are small and answered from memory: who takes longer than this is cut off. */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024
}

const makeServer = (): Server => {
  const server = createServer(limits)
  server.maxConnections = 1024
  return server
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown"

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "Another process listens there: stop it, or choose another address",
  EADDRNOTAVAIL: "This machine has no such address",
  EACCES: "This user may not use that address",
  ENOENT: "The folder does not exist: create it, or choose another path",
  EINVAL: "A unix socket's path has at most 107 bytes"
}

const failed = (address: string, setting: string) => (error: { readonly cause: unknown }) => {
  const code = codeOf(error.cause)
  return new ManagementBindFailed({
    address,
    problem: error.cause instanceof Error ? error.cause.message : `${error.cause}`,
    advice: `${advice[code] ?? "Choose another address"} (${setting})`
  })
}

const listen = (options: NodeHttpServer.Options) =>
  NodeHttpServer.layerServer(makeServer, { ...options, gracefulShutdownTimeout: "1 second" })

const withoutIpv6 = (error: ServeError) => ["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(codeOf(error.cause))

/**
 * A TCP server on an IP address, with or without brackets; `::` falls back to 0.0.0.0 where there is no IPv6. `variables`
 * chose the address.
 */
export const bindTcp = (
  address: string,
  port: number,
  variables: string
): Layer.Layer<HttpServer.HttpServer, ManagementBindFailed> => {
  const host = withoutBrackets(address)
  const shown = formatHostPort({ host, port })
  return listen({ host, port }).pipe(
    Layer.catch((error) =>
      host === "::" && withoutIpv6(error)
        ? Layer.unwrap(
            Effect.as(
              Effect.logWarning(`no IPv6 here: the management API is on 0.0.0.0:${port} instead of ${shown}`),
              listen({ host: "0.0.0.0", port })
            )
          )
        : Layer.effect(HttpServer.HttpServer, Effect.fail(error))
    ),
    Layer.catch((error) => Layer.effect(HttpServer.HttpServer, Effect.fail(failed(shown, variables)(error))))
  )
}

/** Whether somebody answers on a unix socket. */
const isAlive = (path: string) =>
  Effect.callback<boolean>((resume) => {
    const socket = net.connect({ path })
    const answer = (alive: boolean) => {
      socket.destroy()
      resume(Effect.succeed(alive))
    }
    socket.once("connect", () => answer(true))
    socket.once("error", (error) => answer(!["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(codeOf(error))))
    return Effect.sync(() => socket.destroy())
  })

/**
 * A unix socket of mode 0600. It is bound under another name and then renamed into place: nobody sees it with
 * another mode, and a stale socket is replaced in one step. A live one is an error.
 */
export const bindUnix = (path: string): Layer.Layer<HttpServer.HttpServer, ManagementBindFailed> => {
  const temporary = `${path}.${process.pid}`
  const problem = failed(`unix:${path}`, "APPNET_AGENT_ADMIN_UDS_PATH")
  const attempt = (step: () => void) =>
    Effect.mapError(Effect.try({ try: step, catch: (cause) => ({ cause }) }), problem)
  return Layer.unwrap(
    Effect.gen(function* () {
      if (yield* isAlive(path)) {
        return yield* problem({ cause: Object.assign(new Error("a live socket"), { code: "EADDRINUSE" }) })
      }
      const status = fs.lstatSync(path, { throwIfNoEntry: false })
      if (status !== undefined && !status.isSocket()) {
        return yield* problem({ cause: Object.assign(new Error("a file that is no socket"), { code: "EEXIST" }) })
      }
      const inPlace = Layer.effectDiscard(
        Effect.acquireRelease(
          attempt(() => {
            fs.chmodSync(temporary, 0o600)
            fs.renameSync(temporary, path)
          }),
          () => Effect.sync(() => fs.rmSync(path, { force: true }))
        )
      )
      return inPlace.pipe(
        Layer.provideMerge(
          Layer.catch(listen({ path: temporary }), (error) =>
            Layer.effect(HttpServer.HttpServer, Effect.fail(problem(error)))
          )
        )
      )
    })
  )
}
