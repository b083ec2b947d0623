import { Effect, Runtime, Schema, Sink, Stdio, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"

/** Standard output cannot be written, for example on a full disk. Exit code 1. */
export class OutputFailed extends Schema.TaggedError<OutputFailed>()("OutputFailed", {
  problem: Schema.String,
  cause: Schema.Defect()
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return `standard output cannot be written: ${this.problem}`
  }
}

const outputFailed = (error: PlatformError) => {
  const { cause } = error.reason
  const problem = cause instanceof Error && "code" in cause ? `${cause.code}` : error.message
  return new OutputFailed({ problem, cause: error })
}

const isReaderGone = ({ problem }: OutputFailed) => problem === "EPIPE"

/**
 * Writes the whole output of a command, and waits until standard output has taken it. Succeeds early where the reader has
 * closed its end of the pipe, as `head` does: it wants no more.
 */
export const writeOutput = Effect.fnUntraced(function* <E, R>(output: Stream.Stream<string | Uint8Array, E, R>) {
  const { stdout } = yield* Stdio.Stdio
  const sink = Sink.mapError(stdout({ endOnDone: true }), outputFailed)
  yield* Effect.catchIf(
    Stream.run(output, sink),
    (error) => error instanceof OutputFailed && isReaderGone(error),
    () => Effect.void
  )
})

/** The same for a text, with a newline at its end. */
export const printOutput = (text: string) => writeOutput(Stream.make(`${text}\n`))
