import type { Socket } from "node:net"
import { Effect, type Scope } from "effect"

const fs = process.getBuiltinModule("node:fs")
const { execFile } = process.getBuiltinModule("node:child_process")

/** A file descriptor that Envoy can write to and open again as /dev/stdout. */
export type OutputDescriptor = number

/** A terminal, a file or a real pipe can be opened again through /dev/stdout; a socket cannot. */
const canBeReopened = (descriptor: number): boolean => {
  const found = fs.fstatSync(descriptor, { throwIfNoEntry: false })
  return found !== undefined && !found.isSocket()
}

const makeFifo = (path: string) =>
  Effect.callback<void, Error>((resume) => {
    execFile("mkfifo", ["-m", "600", path], (error) => resume(error === null ? Effect.void : Effect.fail(error)))
  })

const closed = (socket: Socket) =>
  Effect.callback<void>((resume) => {
    if (socket.closed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
  })

/**
 * Gives Envoy a FIFO in the place of a socket (what Node calls a pipe), and carries what comes out of it to `target`.
 * Its name is gone as soon as both ends are open, so nothing is left however the agent ends.
 */
const throughFifo = Effect.fnUntraced(function* (path: string, target: NodeJS.WritableStream) {
  yield* makeFifo(path)
  const ends = yield* Effect.try({
    try: () => {
      const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants
      const read = fs.openSync(path, O_RDONLY | O_NONBLOCK)
      const write = fs.openSync(path, O_WRONLY)
      return { read, write }
    },
    catch: (cause) => (cause instanceof Error ? cause : new Error(`${cause}`))
  }).pipe(Effect.ensuring(Effect.sync(() => fs.rmSync(path, { force: true }))))
  const net = process.getBuiltinModule("node:net")
  const reader = new net.Socket({ fd: ends.read, readable: true, writable: false })
  reader.on("error", () => reader.destroy())
  reader.pipe(target, { end: false })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => fs.closeSync(ends.write)).pipe(
      // All writers are gone, so what is still in the pipe comes out and then its end.
      Effect.andThen(Effect.timeoutOption(closed(reader), "1 second")),
      Effect.andThen(Effect.sync(() => reader.destroy()))
    )
  )
  return ends.write
})

/** The descriptor for Envoy's output: the agent's own where that can be opened again, else a FIFO into it. */
export const outputFor = (
  descriptor: 1 | 2,
  fifoPath: string,
  target: NodeJS.WritableStream
): Effect.Effect<OutputDescriptor, Error, Scope.Scope> =>
  Effect.suspend(() => (canBeReopened(descriptor) ? Effect.succeed(descriptor) : throughFifo(fifoPath, target)))
