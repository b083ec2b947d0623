import { Effect, FileSystem } from "effect"

/** The folder of a path. */
export const folderOf = (path: string): string =>
  path.slice(0, path.lastIndexOf("/")) || (path.startsWith("/") ? "/" : ".")

/** A unix socket in the abstract namespace is not a file. */
export const isAbstractSocket = (path: string): boolean => path.startsWith("@")

/** Whether a file exists. One that cannot be examined counts as missing. */
export const fileExists = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs
    .exists(path)
    .pipe(Effect.catch((error) => Effect.as(Effect.logDebug(`${path} counts as missing: ${error.message}`), false)))
})

const folderReasons: Readonly<Record<string, (folder: string) => string>> = {
  NotFound: (folder) => `${folder} does not exist`,
  BadResource: (folder) => `${folder} is not a folder`
}

/** Why this user cannot create files in a folder, as a clause that names it; undefined if it can. */
export const folderProblem = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.access(`${folder}/.`, { writable: true }).pipe(
    Effect.as(undefined),
    Effect.catch((error) =>
      Effect.as(
        Effect.logDebug(`${folder} cannot be written: ${error.message}`),
        folderReasons[error.reason._tag]?.(folder) ?? `this user cannot write to ${folder}`
      )
    )
  )
})

/** Whether this user may create files in a folder. */
export const isWritableFolder = (folder: string) =>
  Effect.map(folderProblem(folder), (problem) => problem === undefined)
