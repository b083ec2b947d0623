import { dirname } from "node:path"
import { type Cause, Clock, Duration, Effect, Fiber, Logger, Queue, Semaphore } from "effect"
import type { LogFile, OutputName } from "../../services/LogFiles.ts"
import type { DiskProblem } from "./disk.ts"
import { makeRotatingFile, type RotatingFileOptions } from "./rotatingFile.ts"

export interface LogFileOptions extends RotatingFileOptions {
  /** The form of the agent's own lines. */
  readonly format: Logger.Logger<unknown, string>
  /** The agent's own output, for what the file cannot take. */
  readonly instead: (name: OutputName, bytes: Uint8Array | string, done?: () => void) => void
}

/** Texts of the agent that may wait for the disk; those beyond go to stderr. */
const longestQueue = 1000
/** Before a file that failed is tried again; twice as long each time that it failed again soon after. */
const firstPause = Duration.seconds(1)
const longestPause = Duration.minutes(1)
const soon = 10_000
/** How long a disk that does not answer may hold up the agent's end. */
const lastPatience = "5 seconds"
/** A disk that was full is tried again once it has as much as several batches, in bytes. */
const enoughRoom = 256 * 1024

const outOfRoom = ["ENOSPC", "EDQUOT"]

/**
 * The one writer of a file. What becomes of the file it logs with the loggers that it is made with; they must not
 * write to that file.
 */
export const makeLogFile = Effect.fnUntraced(function* (options: LogFileOptions) {
  const { disk, path } = options
  const file = makeRotatingFile(options)
  const scope = yield* Effect.scope
  const loggers = yield* Logger.CurrentLoggers
  const oneAtATime = yield* Semaphore.make(1)
  const queue = yield* Queue.dropping<string, Cause.Done>(longestQueue)
  let isBroken = false
  let pause = firstPause
  let mendedAt = Number.NEGATIVE_INFINITY

  const loggingTo = (set: ReadonlySet<Logger.Logger<unknown, unknown>>) =>
    Effect.provideService(Logger.CurrentLoggers, set)

  /** A line of the agent, as text. */
  const render = (message: string) =>
    Effect.suspend(() => {
      let text = ""
      const keep = Logger.map(options.format, (line) => {
        text = `${line}\n`
      })
      return Effect.map(loggingTo(new Set([keep]))(Effect.logInfo(message)), () => Buffer.from(text))
    })

  const hasRoom = (cause: DiskProblem) =>
    outOfRoom.includes(cause.code)
      ? Effect.map(disk.room(dirname(path)), (free) => free >= enoughRoom)
      : Effect.succeed(true)

  /** Tries the file, with a line that says so: whether it took that. */
  const mend = (cause: DiskProblem) =>
    Effect.gen(function* () {
      yield* file.open
      if (!(yield* hasRoom(cause))) return false
      const message = `log file ${path}: written again`
      const { problem } = yield* file.write(yield* render(message))
      if (problem !== undefined) return false
      isBroken = false
      mendedAt = yield* Clock.currentTimeMillis
      yield* Effect.logInfo(message)
      return true
    }).pipe(
      Effect.catch(() => Effect.succeed(false)),
      Effect.tap((mended) => (mended ? Effect.void : file.close)),
      oneAtATime.withPermit
    )

  const giveUp = Effect.fnUntraced(function* (cause: DiskProblem) {
    isBroken = true
    yield* file.close
    const wasTooEarly = (yield* Clock.currentTimeMillis) - mendedAt < soon
    pause = wasTooEarly ? Duration.min(Duration.times(pause, 2), longestPause) : firstPause
    yield* Effect.logWarning(`log file ${path}: ${cause.text}; until it can be written, lines go to stdout and stderr`)
    yield* Effect.delay(mend(cause), pause).pipe(
      Effect.repeat({ until: (mended) => Effect.succeed(mended) }),
      Effect.forkIn(scope)
    )
  }, loggingTo(loggers))

  const writeInstead = (output: OutputName, lines: Uint8Array) =>
    Effect.callback<void>((resume) => options.instead(output, lines, () => resume(Effect.void)))

  const append = Effect.fnUntraced(function* (lines: Uint8Array, output: OutputName) {
    if (isBroken) return yield* writeInstead(output, lines)
    const { done, problem } = yield* file.write(lines)
    if (problem === undefined) return
    yield* giveUp(problem)
    yield* writeInstead(output, lines.subarray(done))
  }, oneAtATime.withPermit)

  // A file that cannot be opened is known before there is a line.
  yield* file.open.pipe(Effect.catch(giveUp), oneAtATime.withPermit, Effect.forkScoped)
  const drain = yield* Queue.takeAll(queue).pipe(
    Effect.flatMap((texts) => append(Buffer.from(`${texts.join("\n")}\n`), "stderr")),
    Effect.forever,
    Effect.ignore,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Queue.end(queue).pipe(
      Effect.andThen(Fiber.await(drain)),
      Effect.andThen(oneAtATime.withPermit(file.close)),
      Effect.timeoutOption(lastPatience)
    )
  )

  return {
    append,
    offer: (text) => {
      if (!Queue.offerUnsafe(queue, text)) options.instead("stderr", `${text}\n`)
    }
  } satisfies LogFile
})
