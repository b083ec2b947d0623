import { basename, dirname } from "node:path"
import { Clock, Effect, Result } from "effect"
import type { Disk, DiskProblem, OpenFile } from "./disk.ts"
import { fitting, outdated } from "./rotation.ts"

export interface RotatingFileOptions {
  readonly disk: Disk
  readonly path: string
  /** Bytes; only a longer line makes a longer file. */
  readonly limit: number
  /** Rotated files. */
  readonly kept: number
}

/** What became of lines: how many bytes are in files, whole lines all of them, and what was in the way of the others. */
export interface Written {
  readonly done: number
  readonly problem: DiskProblem | undefined
}

/**
 * A file at a path, whoever moves, removes or truncates it meanwhile. One effect at a time, and none is interrupted but
 * for the last.
 */
export interface RotatingFile {
  /** Finds out whether it can be opened. */
  readonly open: Effect.Effect<void, DiskProblem>
  readonly write: (lines: Uint8Array) => Effect.Effect<Written>
  readonly close: Effect.Effect<void>
}

const newline = Buffer.of(10)

export const makeRotatingFile = ({ disk, kept, limit, path }: RotatingFileOptions): RotatingFile => {
  const name = basename(path)
  const folder = dirname(path)
  let file: OpenFile | undefined
  let isRetentionBroken = false

  const close = Effect.suspend(() => {
    const closing = file
    file = undefined
    return closing === undefined ? Effect.void : disk.close(closing)
  })

  /** What is at the path now, opened anew where that is not what is open already. */
  const current = Effect.gen(function* () {
    const found = yield* disk.look(path)
    if (file !== undefined && found?.inode === file.inode && found.device === file.device)
      return { open: file, size: found.size }
    yield* close
    const open = yield* disk.open(path)
    file = open
    if (!open.unfinished) return { open, size: open.size }
    const { problem } = yield* disk.append(open, newline)
    return problem === undefined ? { open, size: open.size + 1 } : yield* Effect.fail(problem)
  })

  const retain = Effect.gen(function* () {
    const files = outdated(yield* disk.list(folder), name, kept)
    // One that cannot be removed is no reason to keep the others.
    const ends = yield* Effect.forEach(files, (old) => Effect.result(disk.remove(`${folder}/${old}`)))
    const failed = ends.find(Result.isFailure)
    if (failed !== undefined) return yield* Effect.fail(failed.failure)
    isRetentionBroken = false
  }).pipe(
    Effect.catch((problem) => {
      if (isRetentionBroken) return Effect.void
      isRetentionBroken = true
      return Effect.logWarning(`log file ${path}: old files cannot be removed: ${problem.text}`)
    })
  )

  const rotate = Effect.gen(function* () {
    let millis = yield* Clock.currentTimeMillis
    while ((yield* disk.look(`${path}.${millis}`)) !== undefined) millis += 1
    // Another has moved it meanwhile: there is room all the same.
    yield* Effect.catch(disk.rename(path, `${path}.${millis}`), (problem) =>
      problem.code === "ENOENT" ? Effect.void : Effect.fail(problem)
    )
    yield* close
    yield* retain
  })

  const write = (lines: Uint8Array) =>
    Effect.suspend(() => {
      let done = 0
      return Effect.gen(function* () {
        while (done < lines.length) {
          const { open, size } = yield* current
          const left = lines.subarray(done)
          const count = fitting(left, size, limit)
          if (count === 0) {
            yield* rotate
            continue
          }
          const { problem, written } = yield* disk.append(open, left.subarray(0, count))
          if (problem === undefined) {
            done += count
            continue
          }
          const whole = left.subarray(0, written).lastIndexOf(10) + 1
          done += whole
          if (whole < written) yield* disk.truncate(open, size + whole)
          return yield* Effect.fail(problem)
        }
      }).pipe(
        Effect.match({
          onSuccess: () => ({ done, problem: undefined }),
          onFailure: (problem) => ({ done, problem })
        })
      )
    })

  return { open: current, write, close }
}
