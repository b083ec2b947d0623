import { Effect, FileSystem } from "effect"

/** The folder of a path. */
export const folderOf = (path: string): string =>
  path.slice(0, path.lastIndexOf("/")) || (path.startsWith("/") ? "/" : ".")

/** Whether a file exists. One that cannot be examined counts as missing. */
export const fileExists = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs
    .exists(path)
    .pipe(Effect.catch((error) => Effect.as(Effect.logDebug(`${path} counts as missing: ${error.message}`), false)))
})

/** Whether this user may create files in a folder. */
export const isWritableFolder = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.access(folder, { writable: true }).pipe(
    Effect.as(true),
    Effect.catch((error) => Effect.as(Effect.logDebug(`${folder} cannot be written: ${error.message}`), false))
  )
})
