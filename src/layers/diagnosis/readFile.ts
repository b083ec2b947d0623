import { constants } from "node:fs"
import * as fsPromises from "node:fs/promises"
import { Effect } from "effect"
import { ProbeError } from "./ProbeError.ts"

const unreadable = (path: string, code: string) => new ProbeError({ code, message: `${path} cannot be read` })

/**
 * Reads a file that Envoy's connection needs: a certificate, a key or a token. A FIFO without a writer would hold one of Node's
 * threads for ever, and the exit of the agent with it: it is opened without waiting, and not read.
 */
export const readFile = Effect.fnUntraced(function* (path: string) {
  const attempt = <A>(use: () => Promise<A>) =>
    Effect.tryPromise({
      try: use,
      catch: (error) => unreadable(path, error instanceof Error && "code" in error ? `${error.code}` : "unreadable")
    })
  const open = attempt(() => fsPromises.open(path, constants.O_RDONLY | constants.O_NONBLOCK))
  return yield* Effect.acquireUseRelease(
    open,
    (file) =>
      Effect.flatMap(
        attempt(() => file.stat()),
        (found) => (found.isFile() ? attempt(() => file.readFile()) : unreadable(path, "not a regular file"))
      ),
    (file) => Effect.promise(() => file.close())
  )
})

export const readOptionalFile = (path: string | undefined) =>
  path === undefined ? Effect.succeed(undefined) : readFile(path)
