import type { Server } from "node:http"
import { createServer } from "node:http"
import type { ListenOptions } from "node:net"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ManagementBindFailed } from "../../../services/ManagementServer.ts"

/** Requests are small and have no body, so a client that needs longer than this is cut off. */
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

/** An HTTP server that listens for as long as its layer lives. Requests in progress have a second to finish. */
export const listenOn = (options: ListenOptions) =>
  NodeHttpServer.layerServer(makeServer, { ...options, gracefulShutdownTimeout: "1 second" })

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
