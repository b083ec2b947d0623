// The one place that starts child processes. It is free of Effect, since `main` uses it before Effect is loaded; the layers
// use it through childProcess.ts.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process"
import { constants } from "node:os"
import type { ProcessExit } from "../../services/EnvoyLauncher.ts"

/** The operating system refused: `code` is like ENOENT or EPERM. */
export interface NotStarted {
  readonly _tag: "NotStarted"
  readonly code: string
  readonly problem: string
}

export interface Started {
  readonly _tag: "Started"
  readonly pid: number
}

/** A child process that was asked for. */
export interface SpawnedChild {
  /** Never rejects. */
  readonly started: Promise<Started | NotStarted>
  /** How it ended. Never rejects, and never settles if it was not started. */
  readonly exit: Promise<ProcessExit>
  /** Settles when nobody has the child's output open any more; only where it is captured. */
  readonly outputClosed: Promise<void>
  /** Its captured output so far, at most 64 KB. */
  readonly output: () => string
  /** Writes to its stdin; does nothing where that is empty, or the child has ended. */
  readonly write: (text: string) => void
  /** Does nothing once it has ended. */
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => void
}

export interface ChildOptions extends Pick<SpawnOptions, "cwd" | "detached" | "env"> {
  /** With `pipe`, its stdin is what `write` writes, and has no end before the program's own. Without it, stdin is empty. */
  readonly input?: "pipe"
  /** Where stdout and stderr go: to these file descriptors, to `output`, or nowhere. */
  readonly output: "capture" | "ignore" | { readonly stdout: number; readonly stderr: number }
}

const longestOutput = 64 * 1024

const exitOf = (code: number | null, signal: NodeJS.Signals | null): ProcessExit =>
  signal === null
    ? { _tag: "Code", code: code ?? 0 }
    : { _tag: "Signal", name: signal, number: constants.signals[signal] }

const notStarted = (error: unknown): NotStarted => ({
  _tag: "NotStarted",
  code: error instanceof Error && "code" in error ? `${error.code}` : "",
  problem: error instanceof Error ? error.message : `${error}`
})

/** Starts a program. */
export const spawnChild = (command: string, words: ReadonlyArray<string>, options: ChildOptions): SpawnedChild => {
  const started = Promise.withResolvers<Started | NotStarted>()
  const exit = Promise.withResolvers<ProcessExit>()
  const outputClosed = Promise.withResolvers<void>()
  let output = ""
  let child: ChildProcess | undefined
  const { input = "ignore", output: target, ...others } = options
  const [stdout, stderr] =
    target === "capture"
      ? ["pipe" as const, "pipe" as const]
      : target === "ignore"
        ? [target, target]
        : [target.stdout, target.stderr]
  try {
    child = spawn(command, words, { ...others, stdio: [input, stdout, stderr] })
    const { pid } = child
    child.once("spawn", () => started.resolve({ _tag: "Started", pid: pid ?? 0 }))
    child.on("error", (error) => started.resolve(notStarted(error)))
    child.once("exit", (code, signal) => exit.resolve(exitOf(code, signal)))
    child.once("close", () => outputClosed.resolve())
    // A child that has ended does not read.
    child.stdin?.on("error", () => {})
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("latin1").on("data", (part: string) => {
        if (output.length < longestOutput) output += part.slice(0, longestOutput - output.length)
      })
    }
  } catch (error) {
    // Node reports some refusals by an event, and throws at others (EPERM, ELOOP, ETXTBSY, E2BIG).
    started.resolve(notStarted(error))
  }
  return {
    started: started.promise,
    exit: exit.promise,
    outputClosed: outputClosed.promise,
    output: () => Buffer.from(output, "latin1").toString(),
    write: (text) => void child?.stdin?.write(text),
    kill: (signal) => {
      if (child?.exitCode === null && child.signalCode === null) child.kill(signal)
    }
  }
}
