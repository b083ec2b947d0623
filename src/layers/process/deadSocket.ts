import * as fs from "node:fs"
import * as net from "node:net"
import { Effect } from "effect"

const isSocket = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true

/**
 * Removes a socket on which nobody listens any more. Another agent may have taken its path over meanwhile, and what is no
 * socket is not Envoy's.
 */
export const removeDeadSocket = (path: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const socket = net.connect(path)
    socket.once("connect", () => resume(Effect.void))
    socket.once("error", (error) => {
      const isDead = "code" in error && error.code === "ECONNREFUSED" && isSocket(path)
      resume(isDead ? Effect.sync(() => fs.rmSync(path, { force: true })) : Effect.void)
    })
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOption("1 second"), Effect.asVoid)
