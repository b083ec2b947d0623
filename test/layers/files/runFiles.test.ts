import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ownerPid, runFilePath } from "../../../src/layers/files/runFiles.ts"
import { Config } from "../../../src/services/Config.ts"
import { settings } from "../../fakes.ts"

const runFiles = new URL("../../../src/layers/files/runFiles.ts", import.meta.url).href

/** What an expression over the exports of `runFiles.ts` gives in a process of its own that has no /proc. */
const withoutProc = (expression: string): unknown => {
  const script = `import * as runFiles from "${runFiles}"; console.log(JSON.stringify(${expression}))`
  const output = execFileSync("unshare", [
    process.getuid?.() === 0 ? "-m" : "-rm",
    "sh",
    "-c",
    'mount -t tmpfs none /proc && exec "$@"',
    "sh",
    process.execPath,
    "--input-type=module",
    "-e",
    script
  ])
  return JSON.parse(`${output}`)
}

describe("the agent's files in APPNET_RUN_DIR", () => {
  it.effect("have names that lead back to the process", () =>
    Effect.gen(function* () {
      const { settings } = yield* Config
      for (const role of ["main", "local relay"] as const) {
        const path = runFilePath(settings, "stdout.fifo", role)
        assert.match(path, /^\/run-dir\/appnet-agent-\d+-/)
        assert.strictEqual(ownerPid(path.slice("/run-dir/".length)), process.pid)
      }
      assert.isUndefined(ownerPid("appnet-agent-1-1-bootstrap.json"))
      assert.isUndefined(ownerPid("bootstrap.json"))
    }).pipe(Effect.provide(settings({ APPNET_RUN_DIR: "/run-dir" })))
  )

  it("have names without /proc too, and then nobody is known to own a file", () => {
    const path = withoutProc(`runFiles.runFilePath({ APPNET_RUN_DIR: "/run-dir" }, "bootstrap.json")`)
    assert.match(`${path}`, /^\/run-dir\/appnet-agent-0-\d+-bootstrap\.json$/)
    assert.isNull(withoutProc(`runFiles.ownerPid("appnet-agent-0-1-bootstrap.json") ?? null`))
  })
})
