import type { Effect, Scope } from "effect"
import { Context, Schema } from "effect"

/** No file descriptor could be made that Envoy can write to. `path` is that of the folder for it. */
export class EnvoyOutputFailed extends Schema.TaggedError<EnvoyOutputFailed>()("EnvoyOutputFailed", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `no FIFO for its output in ${this.path} (APPNET_RUN_DIR): ${this.problem}`
  }
}

/** File descriptors for Envoy's stdout and stderr: terminals, files or FIFOs, which it can open as /dev/stdout. */
export interface OutputDescriptors {
  readonly stdout: number
  readonly stderr: number
}

/** Where the output of one of the agent's Envoys goes. */
export class EnvoyOutput extends Context.Service<
  EnvoyOutput,
  {
    /**
     * Descriptors for one process. What it has written is still forwarded after the scope has closed, and a partial
     * last line gets its newline, so that the next process does not continue it.
     */
    readonly open: Effect.Effect<OutputDescriptors, EnvoyOutputFailed, Scope.Scope>
  }
>()("agent/EnvoyOutput") {}
