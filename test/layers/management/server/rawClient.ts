import * as net from "node:net"
import { Effect } from "effect"

export interface RawClient {
  readonly socket: net.Socket
  /** All that has been received so far. */
  readonly received: () => string
  /** Completes when the server has ended the connection. */
  readonly ended: Promise<void>
}

/** Connects and sends these bytes. The connection is closed when the test ends. */
export const rawClient = (address: net.NetConnectOpts, text: string | Uint8Array) =>
  Effect.acquireRelease(
    Effect.callback<RawClient, Error>((resume) => {
      let received = ""
      const socket = net.connect({ ...address, allowHalfOpen: true })
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.on("data", (part) => {
        received += part.toString("latin1")
      })
      socket.once("error", (error) => {
        resolve()
        resume(Effect.fail(error))
      })
      socket.once("end", resolve)
      socket.once("close", () => resolve())
      socket.once("connect", () => {
        socket.write(text)
        resume(Effect.succeed({ socket, received: () => received, ended: promise }))
      })
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )
