import * as fs from "node:fs"
import { Result } from "effect"

/**
 * Tells the file at a path from every other one that may take its place: inode numbers are used again, so the time of birth
 * belongs to it. A rename, a link and a change of the mode leave it as it is.
 */
export type FileIdentity = string

/** Undefined where there is no file, or it cannot be seen. Links are not followed. */
export const identityOf = (path: string): FileIdentity | undefined =>
  Result.try(() => fs.lstatSync(path, { bigint: true })).pipe(
    Result.map(({ birthtimeNs, dev, ino }) => `${dev}:${ino}:${birthtimeNs}`),
    Result.getOrUndefined
  )

/** Removes the file or folder at a path if it is the one that this agent made; answers whether it was. */
export const removeOwn = (path: string, own: FileIdentity | undefined): boolean => {
  if (own === undefined || identityOf(path) !== own) return false
  fs.rmSync(path, { force: true, recursive: true })
  return true
}
