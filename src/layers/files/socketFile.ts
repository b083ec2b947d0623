import * as fs from "node:fs"
import * as net from "node:net"
import { Effect, Result } from "effect"

/** What is at the path of a unix socket. `Unknown`: it cannot be told, so nobody may take it for abandoned. */
export type SocketFile = "Missing" | "Listening" | "Abandoned" | "OtherFile" | "Unknown"

const isSocket = (path: string): boolean =>
  Result.getOrElse(
    Result.try(() => fs.lstatSync(path).isSocket()),
    () => false
  )

const verdicts: Readonly<Record<string, SocketFile>> = { ENOENT: "Missing", ENOTDIR: "Missing", ENOTSOCK: "OtherFile" }

/** Looks whether a process listens on a unix socket, in whichever container of this machine. */
export const socketFileAt = (path: string): Effect.Effect<SocketFile> =>
  Effect.callback<SocketFile>((resume) => {
    const socket = net.connect({ path })
    const finish = (found: SocketFile) => {
      socket.destroy()
      resume(Effect.succeed(found))
    }
    socket.once("connect", () => finish("Listening"))
    socket.once("error", (error) => {
      const code = "code" in error ? `${error.code}` : ""
      // The kernel refuses a connection to any other file alike.
      if (code === "ECONNREFUSED") return finish(isSocket(path) ? "Abandoned" : "OtherFile")
      finish(verdicts[code] ?? "Unknown")
    })
    return Effect.sync(() => socket.destroy())
  })
