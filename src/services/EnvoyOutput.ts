import type { Effect, Scope } from "effect"
import { Context, Schema } from "effect"

/** There is nothing that Envoy could write to. */
export class EnvoyOutputFailed extends Schema.TaggedError<EnvoyOutputFailed>()("EnvoyOutputFailed", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `no FIFO for its output at ${this.path} (APPNET_RUN_DIR): ${this.problem}`
  }
}

/** File descriptors that a process can write to and open again as /dev/stdout: terminals, files or FIFOs. */
export interface OutputDescriptors {
  readonly stdout: number
  readonly stderr: number
}

/** Where an Envoy's output goes. */
export class EnvoyOutput extends Context.Service<
  EnvoyOutput,
  {
    /**
     * For one process. What it wrote is carried to its end after the scope has closed, and an unfinished last line gets
     * its newline, so that the lines of the next process stay whole.
     */
    readonly open: Effect.Effect<OutputDescriptors, EnvoyOutputFailed, Scope.Scope>
  }
>()("agent/EnvoyOutput") {}
