import * as fs from "node:fs"
import { Duration, Effect, Schedule } from "effect"
import { startChild } from "../process/childProcess.ts"
import { type Fifo, FifoFailed, openEnds, problemOf } from "./fifo.ts"

/**
 * The first shell of a pipeline has the pipe as file descriptor 4. It prints its process id, and runs until its input ends.
 * Node itself makes sockets where other programs make pipes.
 */
const pipeline = "{ sh -c 'echo $$; read -r line' 4>&1 >&3 | :; } 3>&1"

const pipelineTimeout = Duration.seconds(5)
const outputCheckInterval = Duration.millis(5)

const failed = (problem: string) => new FifoFailed({ problem })

/** Makes a pipe that never had a name: it needs no folder, but a shell and /proc. */
export const makeAnonymousPipe: Effect.Effect<Fifo, FifoFailed> = Effect.gen(function* () {
  const child = yield* startChild("sh", ["-c", pipeline], { output: "capture", input: "pipe" })
  const pid = yield* Effect.sync(() => /^(\d+)\n/.exec(child.output())?.[1]).pipe(
    Effect.repeat({ until: (found) => found !== undefined, schedule: Schedule.spaced(outputCheckInterval) }),
    Effect.timeoutOrElse({
      duration: pipelineTimeout,
      orElse: () => Effect.fail(failed(`sh did not start a pipeline: ${child.output().trim()}`))
    })
  )
  const path = `/proc/${pid}/fd/4`
  return yield* Effect.try({
    try: () => {
      if (!fs.statSync(path).isFIFO()) throw new Error(`${path} is not a pipe`)
      return openEnds(path)
    },
    catch: (cause) => failed(problemOf(cause))
  })
}).pipe(
  Effect.catchTag("ChildNotStarted", (error) => Effect.fail(failed(error.message))),
  Effect.scoped
)
