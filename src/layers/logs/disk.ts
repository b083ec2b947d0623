import type { Stats } from "node:fs"
import * as fs from "node:fs"
import { Effect } from "effect"

/** The operating system's refusal; `code` is like ENOSPC. */
export interface DiskProblem {
  readonly _tag: "DiskProblem"
  readonly code: string
  readonly text: string
}

/** What is at a path, or open. */
export interface FileFacts {
  readonly device: number
  readonly inode: number
  /** Bytes. */
  readonly size: number
}

export interface OpenFile extends FileFacts {
  readonly descriptor: number
  /** Its last line has no newline: its writer was killed. */
  readonly unfinished: boolean
}

/** What the log files need of the operating system; nothing of it blocks the event loop. */
export interface Disk {
  /** None where nothing is there. */
  readonly look: (path: string) => Effect.Effect<FileFacts | undefined, DiskProblem>
  /** Opens a regular file to append to it, and makes it where it is not there; never the folder. */
  readonly open: (path: string) => Effect.Effect<OpenFile, DiskProblem>
  /** How many bytes were written, and what was in the way of the others. */
  readonly append: (
    file: OpenFile,
    bytes: Uint8Array
  ) => Effect.Effect<{ readonly written: number; readonly problem: DiskProblem | undefined }>
  readonly truncate: (file: OpenFile, size: number) => Effect.Effect<void, DiskProblem>
  readonly close: (file: OpenFile) => Effect.Effect<void>
  readonly rename: (from: string, to: string) => Effect.Effect<void, DiskProblem>
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<string>, DiskProblem>
  readonly remove: (path: string) => Effect.Effect<void, DiskProblem>
  /** Bytes that are free for this user where `path` is. */
  readonly room: (path: string) => Effect.Effect<number, DiskProblem>
}

const problemOf = (error: NodeJS.ErrnoException): DiskProblem => ({
  _tag: "DiskProblem",
  code: error.code ?? "",
  text: error.code === "ELOOP" ? `${error.message}; a symbolic link is not followed` : error.message
})

type Done<A> = (error: NodeJS.ErrnoException | null, value: A) => void

const call = <A>(start: (done: Done<A>) => void) =>
  Effect.callback<A, DiskProblem>((resume) => {
    start((error, value) => resume(error === null ? Effect.succeed(value) : Effect.fail(problemOf(error))))
  })

/** For what has no value to give. */
const act = (start: (done: (error: NodeJS.ErrnoException | null) => void) => void) =>
  call<void>((done) => start((error) => done(error, undefined)))

const factsOf = ({ dev, ino, size }: Stats): FileFacts => ({ device: dev, inode: ino, size })

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants
/** Not blocking, since a FIFO could be there; readable, to see how the last line ends. */
const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
const mode = 0o640

const close = (descriptor: number) => Effect.ignore(act((done) => fs.close(descriptor, done)))

const inspect = Effect.fnUntraced(function* (path: string, descriptor: number) {
  const stats = yield* call<Stats>((done) => fs.fstat(descriptor, done))
  if (!stats.isFile())
    return yield* Effect.fail<DiskProblem>({ _tag: "DiskProblem", code: "", text: `${path} is not a file` })
  const last = Buffer.alloc(1)
  if (stats.size > 0) yield* call<number>((done) => fs.read(descriptor, last, 0, 1, stats.size - 1, done))
  return { ...factsOf(stats), descriptor, unfinished: stats.size > 0 && last[0] !== 10 }
})

export const realDisk: Disk = {
  look: (path) =>
    call<Stats>((done) => fs.lstat(path, done)).pipe(
      Effect.map(factsOf),
      Effect.catch((problem) => (problem.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(problem)))
    ),
  open: (path) =>
    call<number>((done) => fs.open(path, flags, mode, done)).pipe(
      Effect.flatMap((descriptor) => Effect.tapError(inspect(path, descriptor), () => close(descriptor)))
    ),
  append: Effect.fnUntraced(function* ({ descriptor }, bytes) {
    let written = 0
    while (written < bytes.length) {
      const left = bytes.subarray(written)
      const part = yield* Effect.result(call<number>((done) => fs.write(descriptor, left, 0, left.length, null, done)))
      if (part._tag === "Failure") return { written, problem: part.failure }
      written += part.success
    }
    return { written, problem: undefined }
  }),
  truncate: ({ descriptor }, size) => act((done) => fs.ftruncate(descriptor, size, done)),
  close: ({ descriptor }) => close(descriptor),
  rename: (from, to) => act((done) => fs.rename(from, to, done)),
  list: (folder) => call<Array<string>>((done) => fs.readdir(folder, done)),
  remove: (path) => act((done) => fs.rm(path, { force: true }, done)),
  room: (path) =>
    Effect.map(
      call<{ readonly bavail: number; readonly bsize: number }>((done) => fs.statfs(path, done)),
      ({ bavail, bsize }) => bavail * bsize
    )
}
