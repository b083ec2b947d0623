import * as fs from "node:fs"
import { Effect, Layer } from "effect"
import type * as HttpServer from "effect/http/HttpServer"
import type { ManagementBindFailed } from "../../../services/ManagementServer.ts"
import { identityOf, removeOwn } from "../../files/fileIdentity.ts"
import { makeFolderBeside } from "../../files/ownFile.ts"
import { socketFileAt } from "../../files/socketFile.ts"
import { bindFailed, errorCode, listenOn } from "./httpListener.ts"

/** The kernel's limit. A socket is bound under a name that is 22 bytes longer than that of its folder. */
const maxPathBytes = 107

/** How often a socket may change while it is being replaced, before it counts as another agent's. */
const maxAttempts = 5

/** A name in a folder that nobody can foresee: Node removes the path that was bound once more when the server ends. */
const unforeseeableName = (folder: string): string => {
  const path = fs.mkdtempSync(`${folder}/`)
  fs.rmdirSync(path)
  return path
}

/**
 * An HTTP server on a unix socket of mode 0600. The socket is made in a folder that no other user can enter and then moved to
 * its path, so it is never seen with another mode. Of several agents that start at once, one gets the path. It replaces a
 * socket on which nobody listens; a live one and any other file are errors. At the end it is removed, unless another one is in
 * its place.
 */
export const listenOnUnix = (path: string): Layer.Layer<HttpServer.HttpServer, ManagementBindFailed> => {
  const failed = bindFailed(`unix:${path}`, "APPNET_AGENT_ADMIN_UDS_PATH")
  const attempt = <A>(step: () => A) => Effect.try({ try: step, catch: (cause) => failed({ cause }) })
  const refused = (code: string, what: string) => failed({ cause: Object.assign(new Error(what), { code }) })
  const inUse = refused("EADDRINUSE", "a live socket")

  /** Fails unless the path is free or has a socket that may be replaced. */
  const checkPath = Effect.gen(function* () {
    if (Buffer.byteLength(path) > maxPathBytes) return yield* refused("EINVAL", "the path is too long")
    switch (yield* socketFileAt(path)) {
      case "Listening":
        return yield* inUse
      case "Unknown":
        return yield* refused("EADDRINUSE", "a socket that this user may not open")
      case "OtherFile":
        return yield* refused("EEXIST", "a file that is no socket")
      case "Abandoned":
        return true
      case "Missing":
        return false
    }
  })

  /** Whether the path was free and now has this socket. A link never replaces what is there, unlike a rename. */
  const claimFree = (socket: string) =>
    Effect.try({
      try: () => {
        fs.linkSync(socket, path)
        return true
      },
      catch: (cause) => cause
    }).pipe(
      Effect.catch((cause) => {
        if (errorCode(cause) === "EEXIST") return Effect.succeed(false)
        // No hard links on this file system.
        return attempt(() => {
          if (fs.existsSync(path)) return false
          fs.renameSync(socket, path)
          return true
        })
      })
    )

  /** Takes an abandoned socket away. One that turns out to be live, since another agent has just replaced it, is put back. */
  const removeAbandoned = Effect.fnUntraced(function* (folder: string) {
    const taken = unforeseeableName(folder)
    yield* Effect.ignore(Effect.try(() => fs.renameSync(path, taken)))
    if ((yield* socketFileAt(taken)) !== "Listening") return
    yield* attempt(() => fs.linkSync(taken, path))
    return yield* inUse
  })

  const claim = Effect.fnUntraced(function* (folder: string, socket: string) {
    for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
      if (yield* checkPath) yield* removeAbandoned(folder)
      if (yield* claimFree(socket)) return identityOf(path)
    }
    return yield* inUse
  })

  const bindIn = Effect.fnUntraced(function* (folder: string) {
    const socket = yield* attempt(() => unforeseeableName(folder))
    const server = yield* Effect.mapError(Layer.build(listenOn({ path: socket })), failed)
    yield* attempt(() => fs.chmodSync(socket, 0o600))
    // Released before the server: as long as it listens, no other file can have the same identity.
    yield* Effect.acquireRelease(claim(folder, socket), (own) =>
      Effect.catch(
        Effect.try(() => removeOwn(path, own)),
        ({ cause }) => Effect.logDebug(`${path} was not removed:`, cause)
      )
    )
    return server
  })
  return Layer.effectContext(
    Effect.acquireUseRelease(
      Effect.andThen(
        checkPath,
        attempt(() => makeFolderBeside(path))
      ),
      bindIn,
      (folder) => Effect.sync(() => fs.rmSync(folder, { force: true, recursive: true }))
    )
  )
}
