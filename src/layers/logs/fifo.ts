import * as fs from "node:fs"
import * as net from "node:net"
import { Data, Duration, Effect } from "effect"
import { describeExit } from "../../services/EnvoyLauncher.ts"
import { capYoungGeneration } from "../memory/youngGeneration.ts"
import { runChild } from "../process/childProcess.ts"
import type { ReadBuffer } from "./lineBuffer.ts"

/** A FIFO could not be made or opened. */
export class FifoFailed extends Data.TaggedError("FifoFailed")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}

/** The file descriptors of both ends of a FIFO. It has no name any more, so that nothing is left of it after a crash. */
export interface Fifo {
  readonly read: number
  /** In blocking mode, as programs expect of their output. */
  readonly write: number
}

const mkfifoTimeout = Duration.seconds(5)

export const problemOf = (cause: unknown): string => (cause instanceof Error ? cause.message : `${cause}`)

/** Node has no call that makes a FIFO. */
const makeNames = (paths: ReadonlyArray<string>) =>
  runChild("mkfifo", ["-m", "600", ...paths], { output: "capture", timeout: mkfifoTimeout }).pipe(
    Effect.mapError((error) => new FifoFailed({ problem: error.message })),
    Effect.flatMap(({ exit, output }) =>
      exit._tag === "Code" && exit.code === 0
        ? Effect.void
        : Effect.fail(new FifoFailed({ problem: output.trim() || `mkfifo ended with ${describeExit(exit)}` }))
    )
  )

/** What cannot be removed is in the way of `mkfifo`, which then says so. */
const removeNames = (paths: ReadonlyArray<string>) =>
  Effect.forEach(
    paths,
    (path) =>
      Effect.try({ try: () => fs.rmSync(path, { force: true }), catch: problemOf }).pipe(
        Effect.catch((problem) => Effect.logDebug(`${path} is not removed: ${problem}`))
      ),
    { discard: true }
  )

/** Throws where one of them cannot be opened. */
export const openEnds = (path: string): Fifo => {
  const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants
  const read = fs.openSync(path, O_RDONLY | O_NONBLOCK)
  try {
    return { read, write: fs.openSync(path, O_WRONLY) }
  } catch (error) {
    fs.closeSync(read)
    throw error
  }
}

export const closeEnds = ({ read, write }: Fifo): void => {
  fs.closeSync(read)
  fs.closeSync(write)
}

const openAll = (paths: ReadonlyArray<string>): ReadonlyArray<Fifo> => {
  const opened: Array<Fifo> = []
  try {
    for (const path of paths) opened.push(openEnds(path))
    return opened
  } catch (error) {
    opened.forEach(closeEnds)
    throw error
  }
}

/** Makes and opens a FIFO at each of these paths. What is there already is removed: the paths are this agent's own. */
export const makeFifos = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Fifo>, FifoFailed> =>
  removeNames(paths).pipe(
    Effect.andThen(makeNames(paths)),
    Effect.andThen(
      Effect.try({
        try: () => openAll(paths),
        catch: (cause) => new FifoFailed({ problem: problemOf(cause) })
      })
    ),
    Effect.ensuring(removeNames(paths))
  )

/** A read of this many bytes shows that Envoy writes faster than the agent reads. */
const floodReadSize = 16 * 1024

/** Reads from a FIFO on demand. */
export interface FifoReader {
  /** Passes the bytes to `write` until the end. Nothing more is read before `write` has completed. */
  readonly run: (write: (bytes: Uint8Array) => Effect.Effect<void>) => Effect.Effect<void>
  /** Bytes read so far. */
  readonly count: () => number
  /** Whether all bytes that were read have been written. */
  readonly isIdle: () => boolean
  /** Ends the stream, even if processes still have the FIFO open. */
  readonly stop: Effect.Effect<void>
}

export const readFifo = (fd: number, buffer: ReadBuffer): FifoReader => {
  let count = 0
  let isEnded = false
  /** Bytes that were read before they were asked for. */
  let pending: Uint8Array | undefined
  let waiting: ((bytes: Uint8Array | undefined) => void) | undefined
  const emit = (bytes: Uint8Array | undefined) => {
    const resume = waiting
    waiting = undefined
    if (resume === undefined) pending = bytes
    else resume(bytes)
  }
  const socket = new net.Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: buffer.free,
      callback: (length) => {
        count += length
        if (length >= floodReadSize) capYoungGeneration()
        const bytes = buffer.filled(length)
        if (bytes === undefined) return true
        emit(bytes)
        // More may have been asked for already, where the bytes were written at once.
        return waiting !== undefined
      }
    }
  })
  const end = () => {
    isEnded = true
    if (waiting !== undefined) emit(undefined)
  }
  for (const event of ["end", "error", "close"]) socket.on(event, end)

  const next = Effect.callback<Uint8Array | undefined>((resume) => {
    if (pending !== undefined || isEnded) {
      const bytes = pending
      pending = undefined
      return resume(Effect.succeed(bytes))
    }
    waiting = (bytes) => resume(Effect.succeed(bytes))
    socket.resume()
  })
  return {
    run: Effect.fnUntraced(function* (write) {
      for (;;) {
        const bytes = yield* next
        if (bytes === undefined) break
        yield* write(bytes)
      }
      socket.destroy()
      const rest = buffer.end()
      if (rest !== undefined) yield* write(rest)
    }),
    count: () => count,
    isIdle: () => waiting !== undefined,
    stop: Effect.sync(() => void socket.destroy())
  }
}
