import * as fsPromises from "node:fs/promises"
import { Effect } from "effect"
import { ProbeError } from "./ProbeError.ts"

/** Reads a file that Envoy's connection needs: a certificate, a key or a token. */
export const readFile = (path: string) =>
  Effect.tryPromise({
    try: () => fsPromises.readFile(path),
    catch: (error) =>
      new ProbeError({
        code: error instanceof Error && "code" in error ? `${error.code}` : "unreadable",
        message: `${path} cannot be read`
      })
  })

export const readOptionalFile = (path: string | undefined) =>
  path === undefined ? Effect.succeed(undefined) : readFile(path)
