import { basename, dirname } from "node:path"
import { Clock, Effect, Result } from "effect"
import type { Disk, DiskError, OpenFile } from "./disk.ts"
import { bytesThatFit, filesToRemove } from "./rotation.ts"

export interface RotatingFileOptions {
  readonly disk: Disk
  readonly path: string
  /** Size at which the file is rotated. A file is larger only if it holds one single line that is. */
  readonly maxBytes: number
  /** How many rotated files are kept. */
  readonly retentionCount: number
}

export interface WriteResult {
  /** Bytes that are in files now: whole lines. */
  readonly written: number
  /** Why the other bytes are not. */
  readonly error: DiskError | undefined
}

/**
 * The file at a path. Other programs may move, remove or truncate it at any time: each write goes to what is at the
 * path then. Only one effect may run at a time, and only the last may be interrupted.
 */
export interface RotatingFile {
  /** Fails where the file cannot be opened. */
  readonly open: Effect.Effect<void, DiskError>
  readonly write: (lines: Uint8Array) => Effect.Effect<WriteResult>
  readonly close: Effect.Effect<void>
}

const newline = 10

export const makeRotatingFile = ({ disk, maxBytes, path, retentionCount }: RotatingFileOptions): RotatingFile => {
  const name = basename(path)
  const folder = dirname(path)
  let file: OpenFile | undefined
  let isRetentionFailing = false

  const close = Effect.suspend(() => {
    const closing = file
    file = undefined
    return closing === undefined ? Effect.void : disk.close(closing)
  })

  /** The file at the path and its size; opens it where it is not the one that is open already. */
  const openCurrent = Effect.gen(function* () {
    const found = yield* disk.stat(path)
    if (file !== undefined && found?.inode === file.inode && found.device === file.device)
      return { current: file, size: found.size }
    yield* close
    const current = yield* disk.open(path)
    file = current
    if (!current.endsInPartialLine) return { current, size: current.size }
    const { error } = yield* disk.append(current, Buffer.of(newline))
    return error === undefined ? { current, size: current.size + 1 } : yield* error
  })

  const applyRetention = Effect.fn("RotatingFile.applyRetention")(
    function* () {
      const files = filesToRemove(yield* disk.list(folder), name, retentionCount)
      // All are tried, and the first failure is reported.
      const results = yield* Effect.forEach(files, (old) => Effect.result(disk.remove(`${folder}/${old}`)))
      const failed = results.find(Result.isFailure)
      if (failed !== undefined) return yield* failed.failure
      isRetentionFailing = false
      if (files.length > 0) yield* Effect.logDebug(`log file ${path}: removed old files: ${files.join(", ")}`)
    },
    Effect.catch((error) => {
      if (isRetentionFailing) return Effect.void
      isRetentionFailing = true
      return Effect.logWarning(`log file ${path}: old files cannot be removed: ${error.message}`)
    })
  )

  const rotate = Effect.fn("RotatingFile.rotate")(function* (size: number) {
    let millis = yield* Clock.currentTimeMillis
    while ((yield* disk.stat(`${path}.${millis}`)) !== undefined) millis += 1
    yield* disk.rename(path, `${path}.${millis}`).pipe(
      Effect.andThen(Effect.logDebug(`log file ${path}: rotated to ${name}.${millis} at ${size} bytes`)),
      Effect.catch((error) =>
        error.code === "ENOENT"
          ? Effect.logDebug(`log file ${path}: not rotated, since another program has moved it`)
          : Effect.fail(error)
      )
    )
    yield* close
    yield* applyRetention()
  })

  const write = (lines: Uint8Array) =>
    Effect.suspend(() => {
      let written = 0
      return Effect.gen(function* () {
        while (written < lines.length) {
          const { current, size } = yield* openCurrent
          const rest = lines.subarray(written)
          const count = bytesThatFit(rest, size, maxBytes)
          if (count === 0) {
            yield* rotate(size)
            continue
          }
          const appended = yield* disk.append(current, rest.subarray(0, count))
          if (appended.error === undefined) {
            written += count
            continue
          }
          const wholeLines = rest.subarray(0, appended.written).lastIndexOf(newline) + 1
          written += wholeLines
          if (wholeLines < appended.written) yield* disk.truncate(current, size + wholeLines)
          return yield* appended.error
        }
      }).pipe(
        Effect.match({
          onSuccess: () => ({ written, error: undefined }),
          onFailure: (error) => ({ written, error })
        })
      )
    })

  return { open: openCurrent, write, close }
}
