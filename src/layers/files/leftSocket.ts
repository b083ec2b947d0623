import * as fs from "node:fs"
import { Effect, type Scope } from "effect"
import { identityOf, removeOwn } from "./fileIdentity.ts"
import { socketFileAt } from "./socketFile.ts"

/**
 * Removes at the end the socket that Envoy, which does not remove it, leaves at a path. What was there before stays, and so does
 * a socket on which another program listens by then, another user's, and a file that is no socket.
 */
export const removeSocketAtEnd = (path: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const before = identityOf(path)
    const remove = Effect.gen(function* () {
      const left = identityOf(path)
      if (left === undefined || left === before) return
      if ((yield* socketFileAt(path)) !== "Abandoned") return
      yield* Effect.try(() => {
        if (fs.lstatSync(path).uid === process.getuid?.()) removeOwn(path, left)
      })
    })
    return Effect.addFinalizer(() =>
      Effect.catch(remove, ({ cause }) => Effect.logDebug(`${path} was not removed:`, cause))
    )
  })
