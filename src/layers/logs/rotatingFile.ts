import { Effect } from "effect"
import type { DiskError, OpenFile } from "./disk.ts"
import { isSameFile, makeRotatedFiles, type RotatedFilesOptions } from "./rotatedFiles.ts"
import { bytesThatFit } from "./rotation.ts"

export interface RotatingFileOptions extends RotatedFilesOptions {
  /** Size at which the file is rotated. A file is larger only if it holds one single line that is. */
  readonly maxBytes: number
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
  const rotated = makeRotatedFiles({ disk, path, retentionCount })
  let file: OpenFile | undefined

  const close = Effect.suspend(() => {
    const closing = file
    file = undefined
    return closing === undefined ? Effect.void : disk.close(closing)
  })

  /** The file at the path and its size; opens it where it is not the one that is open already. */
  const openCurrent = Effect.gen(function* () {
    const found = yield* disk.stat(path)
    if (file !== undefined && found !== undefined && isSameFile(found, file)) return { current: file, size: found.size }
    yield* close
    const current = yield* disk.open(path)
    file = current
    if (!current.endsInPartialLine) return { current, size: current.size }
    const { error } = yield* disk.append(current, Buffer.of(newline))
    return error === undefined ? { current, size: current.size + 1 } : yield* error
  })

  /** Whether the file was removed while it was written, and the lines with it. */
  const isLost = Effect.fnUntraced(function* (current: OpenFile) {
    if (!(yield* disk.isRemoved(current))) return false
    const found = yield* disk.stat(path)
    // Some file systems do not count a file's names.
    return found === undefined || !isSameFile(found, current)
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
            yield* rotated.add(current, size)
            yield* close
            continue
          }
          const appended = yield* disk.append(current, rest.subarray(0, count))
          if (yield* isLost(current)) continue
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
