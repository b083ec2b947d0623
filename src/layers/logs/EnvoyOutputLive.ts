import { closeSync, fstatSync } from "node:fs"
import { Effect, Fiber, Layer, Option, Scope } from "effect"
import { Config } from "../../services/Config.ts"
import { EnvoyOutput, EnvoyOutputFailed, type OutputDescriptors } from "../../services/EnvoyOutput.ts"
import { EnvoyRole } from "../../services/EnvoyRole.ts"
import { LogFiles, type OutputName } from "../../services/LogFiles.ts"
import { runFilePath } from "../files/runFiles.ts"
import { logDestination, placeOf } from "./destination.ts"
import { type Fifo, type FifoReader, makeFifos, readFifo } from "./fifo.ts"
import { makeLineBuffer } from "./lineBuffer.ts"
import { writeOwn } from "./ownOutput.ts"

const ownDescriptors = { stdout: 1, stderr: 2 } as const

/** A terminal, a file or a real pipe can be opened again through /dev/stdout; a socket cannot. */
const canBeReopened = (descriptor: number): boolean => {
  const found = fstatSync(descriptor, { throwIfNoEntry: false })
  return found !== undefined && !found.isSocket()
}

/** Whoever still holds a FIFO open, when its process is gone, has this long to write more. */
const patience = "1 second"
/** How often the disk may have that time again. */
const stalls = 5
/** How often in all, whatever an orphan of Envoy's goes on writing. */
const longest = 10

/** Waits for the end of a reader for as long as it still gets something, and gets it away. */
const finish = Effect.fnUntraced(function* (reader: FifoReader, fiber: Fiber.Fiber<void>) {
  for (let stalled = 0, waited = 0; stalled < stalls && waited < longest; waited += 1) {
    const before = reader.count()
    if (Option.isSome(yield* Effect.timeoutOption(Fiber.await(fiber), patience))) return
    if (reader.count() > before) stalled = 0
    else if (reader.isIdle()) break
    else stalled += 1
  }
  yield* reader.stop
  yield* Effect.timeoutOption(Fiber.await(fiber), patience)
})

const outputs = ["stdout", "stderr"] as const

/**
 * The output of one Envoy: through FIFOs into a log file; else the agent's own, by itself where it can be opened again,
 * through a FIFO where it is a socket (what Node calls a pipe).
 */
export const EnvoyOutputLive = Layer.effect(
  EnvoyOutput,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const role = yield* EnvoyRole
    // A scope of their own, closed after all others: the readers are not cut off but come to their end.
    const readers = yield* Scope.fork(yield* Effect.scope)
    const destination = logDestination(placeOf(settings, role))
    const file = destination._tag === "File" ? yield* (yield* LogFiles).at(destination.path) : undefined
    /** The one of the agent's outputs that stands for this one. */
    const ownOf = (output: OutputName) => (destination._tag === "Stream" ? destination.name : output)
    const own: OutputDescriptors = {
      stdout: ownDescriptors[ownOf("stdout")],
      stderr: ownDescriptors[ownOf("stderr")]
    }
    const sockets = outputs.filter((output) => !canBeReopened(own[output]))
    const pathOf = (output: OutputName) => runFilePath(settings, `${output}.fifo`, role)

    const carried = new Set<Effect.Effect<void>>()
    yield* Effect.addFinalizer(() => Effect.all([...carried], { concurrency: "unbounded", discard: true }))

    /** Reads a FIFO until nobody has it open any more: how to close this agent's own end. */
    const carry = Effect.fnUntraced(function* ({ read, write }: Fifo, output: OutputName) {
      const reader = readFifo(read, makeLineBuffer())
      const name = ownOf(output)
      const take = (bytes: Uint8Array) =>
        file === undefined
          ? Effect.callback<void>((resume) => writeOwn(name, bytes, () => resume(Effect.void)))
          : file.append(bytes, name)
      let isOpen = true
      const close = Effect.sync(() => {
        if (isOpen) closeSync(write)
        isOpen = false
      })
      const fiber = yield* Effect.forkIn(reader.run(take), readers)
      const end = Effect.andThen(close, finish(reader, fiber))
      carried.add(end)
      fiber.addObserver(() => carried.delete(end))
      return close
    })

    const throughFifos = Effect.fnUntraced(function* (which: ReadonlyArray<OutputName>) {
      if (which.length === 0) return { descriptors: own, close: Effect.void }
      const fifos = yield* makeFifos(which.map(pathOf)).pipe(
        Effect.mapError(
          (error) => new EnvoyOutputFailed({ path: pathOf(which[0] ?? "stdout"), problem: error.message })
        )
      )
      const ends: Record<OutputName, number> = { ...own }
      const closing: Array<Effect.Effect<void>> = []
      for (const [i, output] of which.entries()) {
        const fifo = fifos[i]
        if (fifo === undefined) continue
        ends[output] = fifo.write
        closing.push(yield* carry(fifo, output))
      }
      return { descriptors: ends, close: Effect.all(closing, { discard: true }) }
    })

    const make = Effect.gen(function* () {
      if (file === undefined) return yield* throughFifos(sockets)
      return yield* Effect.catch(throughFifos(outputs), (error) =>
        sockets.length > 0
          ? Effect.fail(error)
          : Effect.as(Effect.logWarning(`Envoy's output stays on stdout and stderr: ${error.message}`), {
              descriptors: own,
              close: Effect.void
            })
      )
    })

    // Made while the layers above this one are still being built.
    const first = yield* Effect.cached(make)
    yield* Effect.forkScoped(Effect.ignore(first))
    let isFirst = true
    return EnvoyOutput.of({
      open: Effect.suspend(() => {
        const next = isFirst ? first : make
        isFirst = false
        return Effect.map(
          Effect.acquireRelease(next, ({ close }) => close),
          ({ descriptors }) => descriptors
        )
      })
    })
  })
)
