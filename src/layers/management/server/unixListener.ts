import * as fs from "node:fs"
import * as net from "node:net"
import { Effect, Layer } from "effect"
import type * as HttpServer from "effect/http/HttpServer"
import type { ManagementBindFailed } from "../../../services/ManagementServer.ts"
import { bindFailed, errorCode, listenOn } from "./httpListener.ts"

/** Whether a process accepts connections on a unix socket. Unknown errors count as yes, so that no live socket is replaced. */
const isListenedOn = (path: string) =>
  Effect.callback<boolean>((resume) => {
    const socket = net.connect({ path })
    const finish = (isAccepted: boolean) => {
      socket.destroy()
      resume(Effect.succeed(isAccepted))
    }
    socket.once("connect", () => finish(true))
    socket.once("error", (error) => finish(!["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(errorCode(error))))
    return Effect.sync(() => socket.destroy())
  })

/**
 * An HTTP server on a unix socket of mode 0600. The socket is bound under a temporary name and renamed into place, so it is
 * never seen with another mode and replaces a stale socket in one step. A live socket and any other file are errors.
 */
export const listenOnUnix = (path: string): Layer.Layer<HttpServer.HttpServer, ManagementBindFailed> => {
  const temporary = `${path}.${process.pid}`
  const failed = bindFailed(`unix:${path}`, "APPNET_AGENT_ADMIN_UDS_PATH")
  const attempt = <A>(step: () => A) => Effect.try({ try: step, catch: (cause) => failed({ cause }) })
  const refuseExisting = (code: string, what: string) => failed({ cause: Object.assign(new Error(what), { code }) })

  const checkPath = Effect.gen(function* () {
    if (yield* isListenedOn(path)) return yield* refuseExisting("EADDRINUSE", "a live socket")
    const status = yield* attempt(() => fs.lstatSync(path, { throwIfNoEntry: false }))
    if (status !== undefined && !status.isSocket()) return yield* refuseExisting("EEXIST", "a file that is no socket")
  })
  const bound = Layer.catch(listenOn({ path: temporary }), (error) => Layer.effectContext(Effect.fail(failed(error))))
  const renamed = Layer.effectDiscard(
    Effect.acquireRelease(
      attempt(() => {
        fs.chmodSync(temporary, 0o600)
        fs.renameSync(temporary, path)
      }),
      () => Effect.sync(() => fs.rmSync(path, { force: true }))
    )
  )
  return Layer.unwrap(Effect.as(checkPath, Layer.provideMerge(renamed, bound)))
}
