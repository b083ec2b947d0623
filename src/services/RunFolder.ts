import type { Effect } from "effect"
import { Context, Schema } from "effect"

/** No private folder can be made in `APPNET_RUN_DIR`. */
export class RunFolderFailed extends Schema.TaggedError<RunFolderFailed>()("RunFolderFailed", {
  parent: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `no folder for the agent's own files can be made in ${this.parent} (APPNET_RUN_DIR): ${this.problem}`
  }
}

/**
 * The folder of this agent's own files, inside `APPNET_RUN_DIR`: no other user can enter it, nobody can foresee its name, and
 * it is removed at the end.
 */
export class RunFolder extends Context.Service<
  RunFolder,
  {
    /** Its path. A folder that is gone, or is another one by now, is made again, under another name. */
    readonly path: Effect.Effect<string, RunFolderFailed>
  }
>()("agent/RunFolder") {}
