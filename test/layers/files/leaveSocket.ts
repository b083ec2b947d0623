import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { assert } from "@effect/vitest"

/** Leaves a socket at a path on which nobody listens, as a process does that is killed. */
export const leaveSocket = (path: string): void => {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`
  spawnSync(process.execPath, ["-e", script])
  assert.isTrue(existsSync(path))
}
