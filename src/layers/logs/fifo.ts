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

/** File descriptors of both ends of a FIFO. Its name is gone: nothing is left of it, however the agent ends. */
export interface Fifo {
  readonly read: number
  /** Blocking, as processes expect of their output. */
  readonly write: number
}

const mkfifoTimeout = Duration.seconds(5)

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

const removeNames = (paths: ReadonlyArray<string>) =>
  Effect.sync(() => {
    for (const path of paths) fs.rmSync(path, { force: true })
  })

const openEnds = (path: string): Fifo => {
  const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants
  const read = fs.openSync(path, O_RDONLY | O_NONBLOCK)
  return { read, write: fs.openSync(path, O_WRONLY) }
}

/** A FIFO for each of these paths, which belong to this agent alone. */
export const makeFifos = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Fifo>, FifoFailed> =>
  removeNames(paths).pipe(
    Effect.andThen(makeNames(paths)),
    Effect.andThen(
      Effect.try({
        try: () => paths.map(openEnds),
        catch: (cause) => new FifoFailed({ problem: cause instanceof Error ? cause.message : `${cause}` })
      })
    ),
    Effect.ensuring(removeNames(paths))
  )

/** Bytes read at once by which Envoy is known to write without a pause. */
const flood = 16 * 1024

/** The reading end of a FIFO, read while somebody wants it. */
export interface FifoReader {
  /** Hands on what is read until the end; nothing more is read before `take` is done with the last. */
  readonly run: (take: (bytes: Uint8Array) => Effect.Effect<void>) => Effect.Effect<void>
  /** Bytes read so far. */
  readonly count: () => number
  /** Whether there is nothing that is read and not yet taken. */
  readonly isIdle: () => boolean
  /** Makes this the end, whoever may still write. */
  readonly stop: Effect.Effect<void>
}

export const readFifo = (fd: number, buffer: ReadBuffer): FifoReader => {
  let count = 0
  let isEnded = false
  /** Read before anyone asked. */
  let kept: Uint8Array | undefined
  let waiting: ((bytes: Uint8Array | undefined) => void) | undefined
  const give = (bytes: Uint8Array | undefined) => {
    const take = waiting
    waiting = undefined
    if (take === undefined) kept = bytes
    else take(bytes)
  }
  const socket = new net.Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: buffer.free,
      callback: (length) => {
        count += length
        if (length >= flood) capYoungGeneration()
        const bytes = buffer.filled(length)
        if (bytes === undefined) return true
        give(bytes)
        return false
      }
    }
  })
  const end = () => {
    isEnded = true
    if (waiting !== undefined) give(undefined)
  }
  for (const event of ["end", "error", "close"]) socket.on(event, end)

  const next = Effect.callback<Uint8Array | undefined>((resume) => {
    if (kept !== undefined || isEnded) {
      const bytes = kept
      kept = undefined
      return resume(Effect.succeed(bytes))
    }
    waiting = (bytes) => resume(Effect.succeed(bytes))
    socket.resume()
  })
  return {
    run: Effect.fnUntraced(function* (take) {
      for (;;) {
        const bytes = yield* next
        if (bytes === undefined) break
        yield* take(bytes)
      }
      socket.destroy()
      const rest = buffer.end()
      if (rest !== undefined) yield* take(rest)
    }),
    count: () => count,
    isIdle: () => waiting !== undefined,
    stop: Effect.sync(() => void socket.destroy())
  }
}
