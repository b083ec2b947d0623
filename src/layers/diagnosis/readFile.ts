import { constants } from "node:fs"
import * as fsPromises from "node:fs/promises"
import { Effect } from "effect"
import { ProbeError } from "./ProbeError.ts"

/**
 * A FIFO without a writer would hold one of Node's threads for ever, and the exit of the agent with it: it is opened without
 * waiting, and not read.
 */
const readRegularFile = async (path: string) => {
  const file = await fsPromises.open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return (await file.stat()).isFile() ? await file.readFile() : undefined
  } finally {
    await file.close()
  }
}

/** Reads a file that Envoy's connection needs: a certificate, a key or a token. */
export const readFile = (path: string) =>
  Effect.tryPromise({
    try: () => readRegularFile(path),
    catch: (error) =>
      new ProbeError({
        code: error instanceof Error && "code" in error ? `${error.code}` : "unreadable",
        message: `${path} cannot be read`
      })
  }).pipe(
    Effect.filterOrFail(
      (bytes) => bytes !== undefined,
      () => new ProbeError({ code: "not a regular file", message: `${path} cannot be read` })
    )
  )

export const readOptionalFile = (path: string | undefined) =>
  path === undefined ? Effect.succeed(undefined) : readFile(path)
