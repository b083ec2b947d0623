import { dirname } from "node:path"
import { type Cause, Effect, Fiber, Logger, Queue, References, Semaphore } from "effect"
import type { LogFile, OutputName } from "../../services/LogFiles.ts"
import type { DiskError } from "./disk.ts"
import { makeRotatingFile, type RotatingFileOptions } from "./rotatingFile.ts"

export interface LogFileOptions extends RotatingFileOptions {
  /** Formats the agent's own line in the file that says that it is writable again. */
  readonly format: Logger.Logger<unknown, string>
  /** Writes to the agent's stdout or stderr what the file cannot take, and calls `done` afterwards. */
  readonly writeToAgentOutput: (name: OutputName, bytes: Uint8Array | string, done?: () => void) => void
}

/** The agent's own lines that may wait for the disk; those beyond go to stderr. */
const maxQueuedLines = 1000
/** Delay before a failed file is tried again. */
const retryDelay = "1 second"
/** For how long a disk that does not answer may delay the agent's end. */
const closeTimeout = "5 seconds"
/** Free space, some batches of lines, at which a disk that was full is tried again; less if a whole file is smaller. */
const enoughFreeBytes = 256 * 1024

const diskFullCodes = ["ENOSPC", "EDQUOT"]

/**
 * The only writer of a file. Whatever it logs about the file goes to the loggers in force when it is made, whoever
 * calls it: these must not write to the file, or each rotation could fill it for the next.
 */
export const makeLogFile = Effect.fnUntraced(function* (options: LogFileOptions) {
  const { disk, maxBytes, path } = options
  const file = makeRotatingFile(options)
  const scope = yield* Effect.scope
  const loggers = yield* Logger.CurrentLoggers
  const oneAtATime = yield* Semaphore.make(1)
  const queue = yield* Queue.dropping<string, Cause.Done>(maxQueuedLines)
  let isFailed = false

  const withLoggers = (set: ReadonlySet<Logger.Logger<unknown, unknown>>) =>
    Effect.provideService(Logger.CurrentLoggers, set)

  /** Returns an info line as bytes, instead of logging it, at every minimum level: the file is tried with it. */
  const formatInfo = (message: string) =>
    Effect.suspend(() => {
      let text = ""
      const capture = Logger.map(options.format, (line) => {
        text = `${line}\n`
      })
      return Effect.logInfo(message).pipe(
        withLoggers(new Set([capture])),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.map(() => Buffer.from(text))
      )
    })

  const hasSpace = (cause: DiskError) =>
    diskFullCodes.includes(cause.code)
      ? Effect.map(disk.freeBytes(dirname(path)), (free) => free >= Math.min(enoughFreeBytes, maxBytes))
      : Effect.succeed(true)

  /** Opens the file and writes a line that says so. Returns whether both worked. */
  const recover = (cause: DiskError) =>
    Effect.gen(function* () {
      yield* file.open
      if (!(yield* hasSpace(cause))) return yield* cause
      const message = `log file ${path}: writable again`
      const { error } = yield* file.write(yield* formatInfo(message))
      if (error !== undefined) return yield* error
      isFailed = false
      yield* Effect.logInfo(message)
      return true
    }).pipe(
      Effect.catch((error) => Effect.as(Effect.logDebug(`log file ${path}: still fails: ${error.message}`), false)),
      Effect.tap((isRecovered) => (isRecovered ? Effect.void : file.close)),
      oneAtATime.withPermit
    )

  /** From now on lines go to the agent's stdout and stderr, until the file has recovered. */
  const onFailure = Effect.fnUntraced(function* (cause: DiskError) {
    isFailed = true
    yield* file.close
    yield* Effect.logWarning(
      `log file ${path}: ${cause.message}; until it can be written, lines go to stdout and stderr`
    )
    yield* Effect.delay(recover(cause), retryDelay).pipe(
      Effect.repeat({ until: (isRecovered) => Effect.succeed(isRecovered) }),
      Effect.forkIn(scope)
    )
  })

  const writeToAgentOutput = (output: OutputName, lines: Uint8Array) =>
    Effect.callback<void>((resume) => options.writeToAgentOutput(output, lines, () => resume(Effect.void)))

  const append = Effect.fnUntraced(
    function* (lines: Uint8Array, fallback: OutputName) {
      if (isFailed) return yield* writeToAgentOutput(fallback, lines)
      const { error, written } = yield* file.write(lines)
      if (error === undefined) return
      yield* onFailure(error)
      yield* writeToAgentOutput(fallback, lines.subarray(written))
    },
    oneAtATime.withPermit,
    withLoggers(loggers)
  )

  // Opened now, so that a file that cannot be opened is reported before there is a line for it.
  yield* file.open.pipe(Effect.catch(onFailure), oneAtATime.withPermit, Effect.forkScoped)
  const writer = yield* Queue.takeAll(queue).pipe(
    Effect.flatMap((texts) => append(Buffer.from(`${texts.join("\n")}\n`), "stderr")),
    Effect.forever,
    Effect.ignore,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Queue.end(queue).pipe(
      Effect.andThen(Fiber.await(writer)),
      Effect.andThen(oneAtATime.withPermit(file.close)),
      Effect.timeoutOption(closeTimeout)
    )
  )

  return {
    append,
    offer: (text) => {
      if (!Queue.offerUnsafe(queue, text)) options.writeToAgentOutput("stderr", `${text}\n`)
    }
  } satisfies LogFile
})
