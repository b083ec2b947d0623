import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, watch, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { listenOnUnix } from "../../../../src/layers/management/server/unixListener.ts"
import { shows } from "../../../shows.ts"
import { leaveSocket } from "../../files/leaveSocket.ts"
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
      leaveSocket(path)
      assert.strictEqual(yield* bindFailure(listenOnUnix(path)), "bound")
    })
  )

  it.live("never has a name in the folder under which it could be opened with another mode", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      const parent = yield* folder
      const names = new Set<string>()
      yield* Effect.acquireRelease(
        Effect.sync(() => watch(parent, (_, name) => void names.add(`${name}`))),
        (watcher) => Effect.sync(() => watcher.close())
      )
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(0)),
        (before) => Effect.sync(() => void process.umask(before))
      )
      yield* Layer.build(listenOnUnix(`${parent}/api.sock`))
      writeFileSync(`${parent}/last`, "")
      while (!names.has("last")) yield* Effect.sleep("1 millis")
      // The other one is a folder that only this user may enter.
      const [first = "", ...others] = [...names]
      assert.match(first, /^\.appnet-\w{6}$/)
      assert.deepStrictEqual(others, ["api.sock", "last"])
      assert.sameMembers(readdirSync(parent), ["api.sock", "last"])
    })
  )

  it.effect("leaves a socket that another agent has put in the place of its own", () =>
    Effect.gen(function* () {
      shows("own-files-removed")
      const path = `${yield* folder}/api.sock`
      const scope = yield* Scope.make()
      yield* Scope.provide(Layer.build(listenOnUnix(path)), scope)
      rmSync(path)
      yield* Layer.build(listenOnUnix(path))
      yield* Scope.close(scope, Exit.void)
      assert.include(yield* bindFailure(listenOnUnix(path)), "a live socket")
    })
  )

  it.live("succeeds for one of several agents that start at once, and is an error for all others", () =>
    Effect.gen(function* () {
      shows("uds-socket")
      for (const isStale of [false, true]) {
        const path = `${yield* folder}/api.sock`
        if (isStale) leaveSocket(path)
        const scope = yield* Scope.make()
        const outcomes = yield* Effect.all(
          Array.from({ length: 8 }, () => Effect.exit(Scope.provide(Layer.build(listenOnUnix(path)), scope))),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(outcomes.filter(Exit.isSuccess), 1)
        // It is the one that has the socket.
        assert.include(yield* bindFailure(listenOnUnix(path)), "a live socket")
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(existsSync(path))
      }
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
      const tooLong = yield* bindFailure(listenOnUnix(`${parent}/${"x".repeat(108 - parent.length - 1)}`))
      assert.include(tooLong, "has at most 107 bytes")
      assert.strictEqual(yield* bindFailure(listenOnUnix(`${parent}/${"x".repeat(107 - parent.length - 1)}`)), "bound")
      assert.sameMembers(readdirSync(parent), ["live.sock", "file"])
    })
  )
})
