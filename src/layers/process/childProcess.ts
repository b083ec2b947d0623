import { Data, type Duration, Effect, type Scope } from "effect"
import type { ProcessExit } from "../../services/EnvoyLauncher.ts"
import { type ChildOptions, type SpawnedChild, spawnChild } from "./spawnChild.ts"

/** The operating system did not start a program; `code` is like ENOENT or EPERM. */
export class ChildNotStarted extends Data.TaggedError("ChildNotStarted")<{
  readonly command: string
  readonly code: string
  readonly problem: string
}> {
  override get message() {
    return `${this.command} cannot be started: ${this.problem}`
  }
}

/** A program did not end in time, and was killed. */
export class ChildTimedOut extends Data.TaggedError("ChildTimedOut")<{
  readonly command: string
  readonly timeout: Duration.Input
}> {
  override get message() {
    return `${this.command} did not end within ${this.timeout}`
  }
}

export interface StartedChild extends Pick<SpawnedChild, "output"> {
  readonly pid: number
  readonly exit: Effect.Effect<ProcessExit>
  readonly outputClosed: Effect.Effect<void>
  /** Does nothing once it has ended. */
  readonly signal: (name: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}

/** Waits for the start of a child. The end of the scope kills it and waits until it has ended. */
export const adoptChild = (
  command: string,
  child: SpawnedChild
): Effect.Effect<StartedChild, ChildNotStarted, Scope.Scope> => {
  const exit = Effect.promise(() => child.exit)
  const signal = (name: "SIGTERM" | "SIGKILL") => Effect.sync(() => child.kill(name))
  return Effect.acquireRelease(
    Effect.flatMap(
      Effect.promise(() => child.started),
      (start) =>
        start._tag === "Started"
          ? Effect.succeed({
              pid: start.pid,
              exit,
              outputClosed: Effect.promise(() => child.outputClosed),
              output: child.output,
              signal
            })
          : Effect.fail(new ChildNotStarted({ command, code: start.code, problem: start.problem }))
    ),
    () => Effect.andThen(signal("SIGKILL"), exit)
  )
}

/** Starts a program, which the end of the scope kills and waits for. */
export const startChild = (command: string, words: ReadonlyArray<string>, options: ChildOptions) =>
  Effect.suspend(() => adoptChild(command, spawnChild(command, words, options)))

/** Whoever inherited the output of a process that has ended has this long to close it. */
const outputGrace = "100 millis"

/** How a program ended, and what it printed where that was captured. */
export interface ChildResult {
  readonly exit: ProcessExit
  readonly output: string
}

/** Waits for the end of a child, which is killed after `timeout`. */
export const awaitChild = Effect.fnUntraced(function* (command: string, child: SpawnedChild, timeout: Duration.Input) {
  const { exit, output, outputClosed } = yield* adoptChild(command, child)
  const end = yield* Effect.timeoutOrElse(exit, {
    duration: timeout,
    orElse: () => Effect.fail(new ChildTimedOut({ command, timeout }))
  })
  yield* Effect.timeoutOption(outputClosed, outputGrace)
  return { exit: end, output: output() } satisfies ChildResult
}, Effect.scoped)

/** Runs a program to its end. */
export const runChild = (
  command: string,
  words: ReadonlyArray<string>,
  { timeout, ...options }: ChildOptions & { readonly timeout: Duration.Input }
): Effect.Effect<ChildResult, ChildNotStarted | ChildTimedOut> =>
  Effect.suspend(() => awaitChild(command, spawnChild(command, words, options), timeout))

export const isSuccess = ({ exit }: ChildResult): boolean => exit._tag === "Code" && exit.code === 0
