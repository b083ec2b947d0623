import { constants } from "node:fs"
import * as fsPromises from "node:fs/promises"
import { Effect } from "effect"
import { maximumCredentialBytes } from "../bootstrap/userFiles/limits.ts"
import { ProbeError } from "./ProbeError.ts"

const tooLarge = `larger than ${maximumCredentialBytes} bytes, which is the limit`

const unreadable = (path: string, code: string) => new ProbeError({ code, message: `${path} cannot be read` })

/** The bytes of an open file. One that grows while it is read is read to the limit only. */
const readBounded = async (file: fsPromises.FileHandle): Promise<Buffer | undefined> => {
  const parts: Array<Buffer> = []
  let length = 0
  for await (const part of file.createReadStream({ autoClose: false, start: 0, end: maximumCredentialBytes })) {
    parts.push(part)
    length += part.length
  }
  return length > maximumCredentialBytes ? undefined : Buffer.concat(parts)
}

/**
 * Reads a file that Envoy's connection needs: a certificate, a key or a token. A FIFO without a writer would hold one of Node's
 * threads for ever, and the exit of the agent with it: it is opened without waiting, and not read. Nor is a file past the limit,
 * which would take the agent's memory.
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
      Effect.gen(function* () {
        const found = yield* attempt(() => file.stat())
        if (!found.isFile()) return yield* unreadable(path, "not a regular file")
        const bytes = found.size > maximumCredentialBytes ? undefined : yield* attempt(() => readBounded(file))
        return bytes ?? (yield* unreadable(path, tooLarge))
      }),
    (file) => Effect.promise(() => file.close())
  )
})

export const readOptionalFile = (path: string | undefined) =>
  path === undefined ? Effect.succeed(undefined) : readFile(path)
