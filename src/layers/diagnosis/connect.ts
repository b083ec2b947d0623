import * as net from "node:net"
import { Effect, type Scope } from "effect"
import { ProbeError, toProbeError } from "./ProbeError.ts"

const connectTimeout = "3 seconds"

/** Opens a socket and waits for the event that says that it is connected. The scope destroys it. */
export const openSocket = (
  connectedEvent: "connect" | "secureConnect",
  open: () => net.Socket
): Effect.Effect<net.Socket, ProbeError, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(open), (socket) => Effect.sync(() => socket.destroy())).pipe(
    Effect.tap((socket) =>
      Effect.callback<void, ProbeError>((resume) => {
        socket.once(connectedEvent, () => resume(Effect.void))
        socket.on("error", (error) => resume(Effect.fail(toProbeError(error))))
      })
    ),
    Effect.timeoutOrElse({
      duration: connectTimeout,
      orElse: () => Effect.fail(new ProbeError({ code: "TIMEOUT", message: `no connection in ${connectTimeout}` }))
    })
  )

export const connectUnix = (path: string) => openSocket("connect", () => net.connect(path))

export const connectTcp = (host: string, port: number) => openSocket("connect", () => net.connect({ host, port }))
