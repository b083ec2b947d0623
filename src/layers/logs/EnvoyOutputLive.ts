import { closeSync, constants, openSync } from "node:fs"
import { Effect, Fiber, Layer, Option, Result, Scope } from "effect"
import { Config } from "../../services/Config.ts"
import { EnvoyOutput, EnvoyOutputFailed, type OutputDescriptors } from "../../services/EnvoyOutput.ts"
import { EnvoyRole, nameOf, type Role } from "../../services/EnvoyRole.ts"
import { LogFiles, type OutputName } from "../../services/LogFiles.ts"
import { RunFolder } from "../../services/RunFolder.ts"
import { agentDescriptors, writeToAgentOutput } from "./agentOutput.ts"
import { logDestination, logLocation } from "./destination.ts"
import { type Fifo, FifoFailed, type FifoReader, readFifo } from "./fifo.ts"
import { makeLineBuffer } from "./lineBuffer.ts"
import { makeOutputPipes } from "./outputPipes.ts"

const outputs = ["stdout", "stderr"] as const

const fifoPrefixes: Readonly<Record<Role, string>> = { main: "", "local relay": "relay-" }

/**
 * Whether Envoy could open this as /dev/stdout: a terminal, a file or a FIFO, unless it belongs to another user, as after `su` or
 * in an image. Nothing but a socket is refused to everybody. The try itself waits for no reader, and takes no terminal as the
 * controlling one.
 */
export const canBeReopened = (descriptor: number): boolean => {
  const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants
  return Result.isSuccess(
    Result.try(() => closeSync(openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)))
  )
}

/**
 * How often a reader is checked once Envoy has ended. A process that Envoy left behind may still have the FIFO open.
 */
const drainCheckInterval = "1 second"
/** Checks in a row without progress after which a disk that lines wait for counts as hanging. */
const maxStalledChecks = 5
/** Checks in all, where such a process never stops writing. */
const maxDrainChecks = 10

/** Waits until a FIFO has been read to its end. Stops the reader where no more comes, or too much. */
const drainReader = Effect.fnUntraced(function* (reader: FifoReader, fiber: Fiber.Fiber<void>) {
  let stalledChecks = 0
  for (let checks = 0; checks < maxDrainChecks && stalledChecks < maxStalledChecks; checks += 1) {
    const before = reader.count()
    if (Option.isSome(yield* Effect.timeoutOption(Fiber.await(fiber), drainCheckInterval))) return
    if (reader.count() > before) stalledChecks = 0
    else if (reader.isIdle()) break
    else stalledChecks += 1
  }
  yield* Effect.logDebug(
    "Envoy's output is not read to its end: a process that it left behind holds it open, or the disk hangs"
  )
  yield* reader.stop
  yield* Effect.timeoutOption(Fiber.await(fiber), drainCheckInterval)
})

/**
 * Into a log file Envoy's output goes through FIFOs. Elsewhere Envoy inherits the agent's own outputs, and has a FIFO
 * only in place of one that it cannot open again: a socket, as Node's pipes are.
 */
export const EnvoyOutputLive = Layer.effect(
  EnvoyOutput,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const role = yield* EnvoyRole
    const runFolder = yield* RunFolder
    // Forked first, so that it closes last: the readers come to an end by themselves and are not interrupted.
    const readerScope = yield* Scope.fork(yield* Effect.scope)
    const destination = logDestination(logLocation(settings, role))
    const file = destination._tag === "File" ? yield* (yield* LogFiles).open(destination.path) : undefined
    const agentOutputFor = (output: OutputName) => (destination._tag === "OneAgentOutput" ? destination.name : output)
    const inherited: OutputDescriptors = {
      stdout: agentDescriptors[agentOutputFor("stdout")],
      stderr: agentDescriptors[agentOutputFor("stderr")]
    }
    const notReopenable = outputs.filter((output) => !canBeReopened(inherited[output]))

    const drains = new Set<Effect.Effect<void>>()
    yield* Effect.addFinalizer(() => Effect.all([...drains], { concurrency: "unbounded", discard: true }))

    /** Forwards a FIFO until no process has it open. Returns an effect that closes the agent's own writing end. */
    const forward = Effect.fnUntraced(function* ({ read, write }: Fifo, output: OutputName) {
      const reader = readFifo(read, makeLineBuffer())
      const agentOutput = agentOutputFor(output)
      const writeLines = (lines: Uint8Array) =>
        file === undefined
          ? Effect.callback<void>((resume) => writeToAgentOutput(agentOutput, lines, () => resume(Effect.void)))
          : file.append(lines, agentOutput)
      let isOpen = true
      const close = Effect.sync(() => {
        if (isOpen) closeSync(write)
        isOpen = false
      })
      const fiber = yield* Effect.forkIn(reader.run(writeLines), readerScope)
      const drain = Effect.andThen(close, drainReader(reader, fiber))
      drains.add(drain)
      fiber.addObserver(() => drains.delete(drain))
      return close
    })

    /** FIFOs for these outputs, and for the others what Envoy inherits. */
    const openFifos = Effect.fnUntraced(function* (names: ReadonlyArray<OutputName>) {
      if (names.length === 0) return { descriptors: inherited, close: Effect.void }
      const paths = Effect.mapBoth(runFolder.path, {
        onFailure: ({ message }) => new FifoFailed({ problem: message }),
        onSuccess: (folder) => names.map((output) => `${folder}/${fifoPrefixes[role]}${output}.fifo`)
      })
      const fifos = yield* Effect.mapError(
        makeOutputPipes(paths, names.length),
        ({ message }) => new EnvoyOutputFailed({ path: settings.APPNET_RUN_DIR, problem: message })
      )
      const descriptors: Record<OutputName, number> = { ...inherited }
      const closes: Array<Effect.Effect<void>> = []
      for (const [i, output] of names.entries()) {
        const fifo = fifos[i]
        if (fifo === undefined) continue
        descriptors[output] = fifo.write
        closes.push(yield* forward(fifo, output))
      }
      return { descriptors, close: Effect.all(closes, { discard: true }) }
    })

    const describe = (output: OutputName) => {
      const agentOutput = agentOutputFor(output)
      if (destination._tag === "File") return `${output} goes through a FIFO to ${destination.path}`
      return notReopenable.includes(output)
        ? `${output} goes through a FIFO, since Envoy could not open the agent's ${agentOutput}`
        : `${output} is the agent's ${agentOutput}`
    }

    const openOutput = Effect.gen(function* () {
      yield* Effect.logDebug(`${nameOf(role)}: ${outputs.map(describe).join(", ")}`)
      if (file === undefined) return yield* openFifos(notReopenable)
      return yield* Effect.catch(openFifos(outputs), (error) =>
        notReopenable.length > 0
          ? Effect.fail(error)
          : Effect.as(
              Effect.logWarning(
                `Envoy's output stays on stdout and stderr until it is started again: ${error.message}`
              ),
              {
                descriptors: inherited,
                close: Effect.void
              }
            )
      )
    })

    // Opened while the layers above this one are still being built.
    const first = yield* Effect.cached(openOutput)
    yield* Effect.forkScoped(Effect.ignore(first))
    let isFirst = true
    return EnvoyOutput.of({
      open: Effect.suspend(() => {
        const next = isFirst ? first : openOutput
        isFirst = false
        return Effect.map(
          Effect.acquireRelease(next, ({ close }) => close),
          ({ descriptors }) => descriptors
        )
      })
    })
  })
)
