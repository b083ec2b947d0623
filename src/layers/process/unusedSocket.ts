import * as fs from "node:fs"
import * as net from "node:net"
import { Effect } from "effect"

const isSocket = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true

const connectTimeout = "1 second"

/**
 * Removes a socket file on which nobody listens. A socket on which another program listens by now stays, and so does a file
 * that is no socket.
 */
export const removeUnusedSocket = (path: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const socket = net.connect(path)
    socket.once("connect", () => resume(Effect.void))
    socket.once("error", (error) => {
      const isUnused = "code" in error && error.code === "ECONNREFUSED" && isSocket(path)
      resume(isUnused ? Effect.sync(() => fs.rmSync(path, { force: true })) : Effect.void)
    })
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOption(connectTimeout), Effect.asVoid)
