import type { Effect } from "effect"
import { Context } from "effect"

/** One of the agent's own outputs. */
export type OutputName = "stdout" | "stderr"

/** A file that is rotated by size. Neither method fails: what the file cannot take goes to the agent's own output. */
export interface LogFile {
  /**
   * Appends whole lines, each with its newline, after all that came before. Completes once they are written, here or
   * to `instead`, and only then may their memory be used again: whoever waits for that never holds more than one batch.
   */
  readonly append: (lines: Uint8Array, instead: OutputName) => Effect.Effect<void>
  /** Takes a text of whole lines, without its last newline, from where nothing can wait. */
  readonly offer: (text: string) => void
}

/** The agent's log files. */
export class LogFiles extends Context.Service<
  LogFiles,
  {
    /** One for each path, however often it is asked for; open, and tried again where it fails, as long as the layer. */
    readonly at: (path: string) => Effect.Effect<LogFile>
  }
>()("agent/LogFiles") {}
