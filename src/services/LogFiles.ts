import type { Effect } from "effect"
import { Context } from "effect"

/** The agent's stdout or stderr. */
export type OutputName = "stdout" | "stderr"

/** A file that is rotated by size. Neither method fails: what the file cannot take goes to the agent's own output. */
export interface LogFile {
  /**
   * Appends whole lines, each with its newline, after all earlier ones. Completes once they are written, to the file or
   * to `fallback`. Until then the bytes must not change, so a caller that waits holds one batch in memory at most.
   */
  readonly append: (lines: Uint8Array, fallback: OutputName) => Effect.Effect<void>
  /**
   * Queues lines, without the newline of the last, for a caller that cannot wait. They go to stderr where the file or
   * the queue cannot take them.
   */
  readonly offer: (text: string) => void
}

export class LogFiles extends Context.Service<
  LogFiles,
  {
    /**
     * Returns the log file of a path, the same at each call. The first call opens it. It stays open as long as the
     * layer; a file that cannot be opened or written is tried again until it can.
     */
    readonly open: (path: string) => Effect.Effect<LogFile>
  }
>()("agent/LogFiles") {}
