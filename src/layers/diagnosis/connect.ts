import * as net from "node:net"
import { Effect, type Scope } from "effect"
import { ProbeError, toProbeError } from "./ProbeError.ts"

const connectTimeout = "3 seconds"

/** A connection, and how it failed since it was made: a server may reject it at any time. */
export interface Connection {
  readonly socket: net.Socket
  readonly failure: () => ProbeError | undefined
}

/** A certificate or a key that cannot be read as one is thrown. */
const thrown = (error: unknown) => toProbeError(error instanceof Error ? error : new Error(`${error}`))

/** Opens a socket and waits for the event that says that it is connected. The scope destroys it. */
export const openSocket = (
  connectedEvent: "connect" | "secureConnect",
  open: () => net.Socket
): Effect.Effect<Connection, ProbeError, Scope.Scope> =>
  Effect.acquireRelease(Effect.try({ try: open, catch: thrown }), (socket) => Effect.sync(() => socket.destroy())).pipe(
    Effect.flatMap((socket) =>
      Effect.callback<Connection, ProbeError>((resume) => {
        let failure: ProbeError | undefined
        socket.once(connectedEvent, () => resume(Effect.succeed({ socket, failure: () => failure })))
        socket.on("error", (error) => {
          failure ??= toProbeError(error)
          resume(Effect.fail(failure))
        })
      })
    ),
    Effect.timeoutOrElse({
      duration: connectTimeout,
      orElse: () => Effect.fail(new ProbeError({ code: "TIMEOUT", message: `no connection in ${connectTimeout}` }))
    })
  )

export const connectUnix = (path: string) => openSocket("connect", () => net.connect(path))

export const connectTcp = (host: string, port: number) => openSocket("connect", () => net.connect({ host, port }))
