import type { Stats } from "node:fs"
import * as fs from "node:fs"
import { Effect, Schema } from "effect"

/** The operating system refused a file operation. `code` is like ENOSPC; empty where the refusal is the agent's own. */
export class DiskError extends Schema.TaggedError<DiskError>()("DiskError", {
  code: Schema.String,
  message: Schema.String
}) {}

export interface FileStat {
  readonly device: number
  readonly inode: number
  /** Bytes. */
  readonly size: number
  readonly isFile: boolean
  /** The user id of the file's owner. */
  readonly owner: number
  /** When it was last modified, in epoch milliseconds, with a fraction. */
  readonly modifiedMillis: number
}

export interface OpenFile extends FileStat {
  readonly descriptor: number
  /** The last line has no newline, since its writer was killed. */
  readonly endsInPartialLine: boolean
}

/** The file operations of log files. None blocks the event loop. */
export interface Disk {
  /** Does not follow links. Undefined where nothing is at the path. */
  readonly stat: (path: string) => Effect.Effect<FileStat | undefined, DiskError>
  /** Opens a regular file for appending, and creates it if it does not exist. Does not create its folder. */
  readonly open: (path: string) => Effect.Effect<OpenFile, DiskError>
  /** Returns how many bytes were written, and the error that stopped it if that is not all. */
  readonly append: (
    file: OpenFile,
    bytes: Uint8Array
  ) => Effect.Effect<{ readonly written: number; readonly error: DiskError | undefined }>
  readonly truncate: (file: OpenFile, size: number) => Effect.Effect<void, DiskError>
  /** Whether the file has lost its last name: what is written to it is lost when it is closed. */
  readonly isRemoved: (file: OpenFile) => Effect.Effect<boolean, DiskError>
  /** Sets when the file was last modified, in epoch milliseconds. */
  readonly setModified: (file: OpenFile, millis: number) => Effect.Effect<void, DiskError>
  readonly close: (file: OpenFile) => Effect.Effect<void>
  readonly rename: (from: string, to: string) => Effect.Effect<void, DiskError>
  /** The names in a folder. */
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<string>, DiskError>
  readonly remove: (path: string) => Effect.Effect<void, DiskError>
  /** Bytes that this user may still write to the file system of `path`. */
  readonly freeBytes: (path: string) => Effect.Effect<number, DiskError>
}

const toDiskError = ({ code = "", message }: NodeJS.ErrnoException) =>
  new DiskError({ code, message: code === "ELOOP" ? `${message}; a symbolic link is not followed` : message })

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

const fromCallback = <A>(start: (done: Callback<A>) => void) =>
  Effect.callback<A, DiskError>((resume) => {
    start((error, value) => resume(error === null ? Effect.succeed(value) : Effect.fail(toDiskError(error))))
  })

const fromVoidCallback = (start: (done: (error: NodeJS.ErrnoException | null) => void) => void) =>
  fromCallback<void>((done) => start((error) => done(error, undefined)))

const toFileStat = (stats: Stats): FileStat => ({
  device: stats.dev,
  inode: stats.ino,
  size: stats.size,
  isFile: stats.isFile(),
  owner: stats.uid,
  modifiedMillis: stats.mtimeMs
})

const statOpen = (descriptor: number) => fromCallback<Stats>((done) => fs.fstat(descriptor, done))

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants
/** O_NONBLOCK, since the path could be a FIFO without a reader; readable, so that the last byte can be examined. */
const openFlags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
const fileMode = 0o640
const newline = 10

const close = (descriptor: number) => Effect.ignore(fromVoidCallback((done) => fs.close(descriptor, done)))

const examine = Effect.fnUntraced(function* (path: string, descriptor: number) {
  const stats = yield* statOpen(descriptor)
  if (!stats.isFile()) return yield* new DiskError({ code: "", message: `${path} is not a file` })
  const lastByte = Buffer.alloc(1)
  if (stats.size > 0) {
    yield* fromCallback<number>((done) => fs.read(descriptor, lastByte, 0, 1, stats.size - 1, done))
  }
  return { ...toFileStat(stats), descriptor, endsInPartialLine: stats.size > 0 && lastByte[0] !== newline }
})

export const realDisk: Disk = {
  stat: (path) =>
    fromCallback<Stats>((done) => fs.lstat(path, done)).pipe(
      Effect.map(toFileStat),
      Effect.catch((error) => (error.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(error)))
    ),
  open: (path) =>
    fromCallback<number>((done) => fs.open(path, openFlags, fileMode, done)).pipe(
      Effect.flatMap((descriptor) => Effect.tapError(examine(path, descriptor), () => close(descriptor)))
    ),
  append: Effect.fnUntraced(function* ({ descriptor }, bytes) {
    let written = 0
    while (written < bytes.length) {
      const rest = bytes.subarray(written)
      const result = yield* Effect.result(
        fromCallback<number>((done) => fs.write(descriptor, rest, 0, rest.length, null, done))
      )
      if (result._tag === "Failure") return { written, error: result.failure }
      written += result.success
    }
    return { written, error: undefined }
  }),
  truncate: ({ descriptor }, size) => fromVoidCallback((done) => fs.ftruncate(descriptor, size, done)),
  isRemoved: ({ descriptor }) => Effect.map(statOpen(descriptor), ({ nlink }) => nlink === 0),
  setModified: ({ descriptor }, millis) =>
    fromVoidCallback((done) => fs.futimes(descriptor, millis / 1000, millis / 1000, done)),
  close: ({ descriptor }) => close(descriptor),
  rename: (from, to) => fromVoidCallback((done) => fs.rename(from, to, done)),
  list: (folder) => fromCallback<Array<string>>((done) => fs.readdir(folder, done)),
  remove: (path) => fromVoidCallback((done) => fs.rm(path, { force: true }, done)),
  freeBytes: (path) =>
    Effect.map(
      fromCallback<{ readonly bavail: number; readonly bsize: number }>((done) => fs.statfs(path, done)),
      ({ bavail, bsize }) => bavail * bsize
    )
}
