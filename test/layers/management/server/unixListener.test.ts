import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { listenOnUnix } from "../../../../src/layers/management/server/unixListener.ts"
import { shows } from "../../../shows.ts"
import { bindFailure, listening } from "./binding.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-bind-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe("listening on a unix socket", () => {
  it.effect("creates a socket that only its owner may use, and removes it", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const path = `${yield* folder}/api.sock`
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(listenOnUnix(path))
          assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        })
      )
      assert.isFalse(existsSync(path))
    })
  )

  it.effect("replaces a socket that nobody listens on", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const path = `${yield* folder}/api.sock`
      // A process that is killed leaves its socket behind.
      const leave = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`
      yield* Effect.exit(Effect.try(() => execFileSync(process.execPath, ["-e", leave], { stdio: "ignore" })))
      assert.isTrue(existsSync(path))
      assert.strictEqual(yield* bindFailure(listenOnUnix(path)), "bound")
    })
  )

  it.effect("refuses a live socket, another kind of file and a missing folder", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const parent = yield* folder
      yield* listening({ path: `${parent}/live.sock` })
      assert.include(yield* bindFailure(listenOnUnix(`${parent}/live.sock`)), "a live socket")
      assert.isTrue(existsSync(`${parent}/live.sock`))
      writeFileSync(`${parent}/file`, "precious")
      assert.include(yield* bindFailure(listenOnUnix(`${parent}/file`)), "a file that is no socket")
      assert.strictEqual(statSync(`${parent}/file`).size, 8)
      assert.include(yield* bindFailure(listenOnUnix(`${parent}/missing/api.sock`)), "(APPNET_AGENT_ADMIN_UDS_PATH)")
    })
  )
})
