import { basename, dirname } from "node:path"
import { Clock, Effect, Result } from "effect"
import type { Disk, DiskError, FileStat, OpenFile } from "./disk.ts"
import { filesToRemove, isMarked, nextNumber, rotationTime } from "./rotation.ts"

export const isSameFile = (one: FileStat, other: FileStat): boolean =>
  one.inode === other.inode && one.device === other.device

/** Another program may have put a file in its place, and a new file often has the inode of a removed one. */
const isUnchanged = (known: FileStat, found: FileStat) =>
  isSameFile(known, found) && known.modifiedMillis === found.modifiedMillis

export interface RotatedFilesOptions {
  readonly disk: Disk
  /** Of the log file. */
  readonly path: string
  /** How many rotated files are kept. */
  readonly retentionCount: number
}

/** The rotated files of a log. Only one effect may run at a time. */
export interface RotatedFiles {
  /** Gives the log file, which is open and has `size` bytes, the name of a rotated file, and removes the oldest of those. */
  readonly add: (current: OpenFile, size: number) => Effect.Effect<void, DiskError>
}

/**
 * Names the rotated files and keeps the newest. Files of others may have such names: those that an agent has made are of
 * the log file's owner, and have the number in their name as time of modification.
 */
export const makeRotatedFiles = ({ disk, path, retentionCount }: RotatedFilesOptions): RotatedFiles => {
  const name = basename(path)
  const folder = dirname(path)
  const own = new Map<string, FileStat & { readonly number: number }>()
  const strangers = new Set<string>()

  /** Warns of a problem when it begins. */
  const problem = (consequence: string) => {
    let isKnown = false
    return {
      report: (error: DiskError) =>
        Effect.suspend(() => {
          const log = isKnown ? Effect.logDebug : Effect.logWarning
          isKnown = true
          return log(`log file ${path}: ${consequence}: ${error.message}`)
        }),
      end: Effect.sync(() => {
        isKnown = false
      })
    }
  }
  const unlisted = problem("old files cannot be found, and those of earlier agents stay")
  const unmarked = problem("the time of a rotated file cannot be set, so that it will stay when the next agent starts")
  const unremoved = problem("old files cannot be removed")

  /** Looks at the files that are new in the folder. */
  const look = Effect.fnUntraced(
    function* (owner: number) {
      const names = new Set(yield* disk.list(folder))
      for (const known of [own, strangers]) {
        for (const old of known.keys()) if (!names.has(old)) known.delete(old)
      }
      for (const found of names) {
        const number = rotationTime(found, name)
        if (number === undefined || own.has(found) || strangers.has(found)) continue
        const stat = yield* disk.stat(`${folder}/${found}`)
        if (stat === undefined) continue
        if (stat.isFile && stat.owner === owner && isMarked(number, stat.modifiedMillis))
          own.set(found, { ...stat, number })
        else strangers.add(found)
      }
      yield* unlisted.end
    },
    Effect.catch((error) => (error.code === "ENOENT" ? Effect.void : unlisted.report(error)))
  )

  /** Higher than the number of every rotated file, and in the name of no other file. */
  const unusedNumber = Effect.gen(function* () {
    const newest = [...own.values()].reduce((highest, { number }) => Math.max(highest, number), 0)
    let number = nextNumber(yield* Clock.currentTimeMillis, newest)
    while ((yield* disk.stat(`${path}.${number}`)) !== undefined) number += 1
    return number
  })

  const remove = Effect.fnUntraced(function* (old: string) {
    const known = own.get(old)
    const found = yield* disk.stat(`${folder}/${old}`)
    if (found !== undefined && known !== undefined && isUnchanged(known, found)) yield* disk.remove(`${folder}/${old}`)
    own.delete(old)
  })

  const removeOldest = Effect.fn("RotatedFiles.removeOldest")(
    function* () {
      const files = filesToRemove([...own.keys()], name, retentionCount)
      // All are tried, and the first failure is reported.
      const results = yield* Effect.forEach(files, (old) => Effect.result(remove(old)))
      const failed = results.find(Result.isFailure)
      if (failed !== undefined) return yield* failed.failure
      yield* unremoved.end
      if (files.length > 0) yield* Effect.logDebug(`log file ${path}: removed old files: ${files.join(", ")}`)
    },
    Effect.catch((error) => unremoved.report(error))
  )

  const move = Effect.fnUntraced(function* (current: OpenFile, number: number, size: number) {
    const target = `${name}.${number}`
    yield* disk.rename(path, `${folder}/${target}`)
    const moved = yield* disk.stat(`${folder}/${target}`)
    // Another program may just have replaced the file at the path: that one is not the agent's.
    if (moved !== undefined && isSameFile(moved, current)) own.set(target, { ...moved, number })
    yield* Effect.logDebug(`log file ${path}: rotated to ${target} at ${size} bytes`)
  })

  return {
    add: Effect.fn("RotatedFiles.add")(function* (current, size) {
      yield* look(current.owner)
      const number = yield* unusedNumber
      yield* disk.setModified(current, number).pipe(
        Effect.andThen(unmarked.end),
        Effect.catch((error) => unmarked.report(error))
      )
      yield* Effect.catch(move(current, number, size), (error) =>
        error.code === "ENOENT"
          ? Effect.logDebug(`log file ${path}: not rotated, since another program has moved it`)
          : Effect.fail(error)
      )
      yield* removeOldest()
    })
  }
}
