import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { removeAbandonedFolders } from "../../../src/layers/files/abandonedFolders.ts"
import { RunFolderLive } from "../../../src/layers/files/RunFolderLive.ts"
import { RunFolder } from "../../../src/services/RunFolder.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { leaveSocket } from "./leaveSocket.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-run-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** An agent's folder in `parent`, for as long as the scope lives. */
const runFolder = (parent: string) =>
  Effect.map(Layer.build(Layer.provide(RunFolderLive, settings({ APPNET_RUN_DIR: parent }))), (context) =>
    Context.get(context, RunFolder)
  )

/** Makes a folder as a killed agent leaves it: with a socket on which nobody listens any more. */
const leaveFolder = (path: string) => {
  mkdirSync(path, { mode: 0o700 })
  writeFileSync(`${path}/bootstrap.json`, "{}")
  leaveSocket(`${path}/alive`)
}

describe("the folder of the agent's own files", () => {
  it.effect("can be entered by this user alone, has a name of its own, and is removed at the end", () =>
    Effect.gen(function* () {
      shows("run-folder", "APPNET_RUN_DIR")
      const parent = yield* temporary
      yield* Effect.scoped(
        Effect.gen(function* () {
          const [one, other] = [yield* (yield* runFolder(parent)).path, yield* (yield* runFolder(parent)).path]
          assert.match(one, /\/appnet-run-\w+\/appnet-agent-\w{6}$/)
          assert.notStrictEqual(one, other)
          assert.strictEqual(statSync(one).mode & 0o777, 0o700)
          writeFileSync(`${one}/bootstrap.json`, "{}")
        })
      )
      assert.deepStrictEqual(readdirSync(parent), [])
    })
  )

  it.effect("is made when it is first asked for, and stays the same", () =>
    Effect.gen(function* () {
      const parent = yield* temporary
      const folder = yield* runFolder(parent)
      assert.deepStrictEqual(readdirSync(parent), [])
      const paths = yield* Effect.all([folder.path, folder.path, folder.path], { concurrency: "unbounded" })
      assert.lengthOf(new Set(paths), 1)
      assert.lengthOf(readdirSync(parent), 1)
    })
  )

  it.effect("is made again, under another name, where a cleaner has removed it or its socket", () =>
    Effect.gen(function* () {
      shows("remade-for-each-start")
      const parent = yield* temporary
      const folder = yield* runFolder(parent)
      const first = yield* folder.path
      rmSync(first, { recursive: true })
      // Whoever has seen the name may take it.
      mkdirSync(first, { mode: 0o777 })
      const second = yield* folder.path
      assert.notStrictEqual(second, first)
      rmSync(`${second}/alive`)
      const third = yield* folder.path
      assert.notStrictEqual(third, second)
      // What another has put there is not removed; what this agent made is.
      assert.sameMembers(
        readdirSync(parent),
        [first, third].map((path) => path.slice(parent.length + 1))
      )
    })
  )

  it.effect("is an error that names the variable where it cannot be made, and then is tried anew", () =>
    Effect.gen(function* () {
      shows("APPNET_RUN_DIR")
      const parent = `${yield* temporary}/missing`
      const folder = yield* runFolder(parent)
      const { message } = yield* Effect.flip(folder.path)
      assert.match(message, /can be made in \S+\/missing \(APPNET_RUN_DIR\): ENOENT/)
      mkdirSync(parent)
      assert.isTrue(existsSync(yield* folder.path))
    })
  )

  it.effect("of another agent stays while that one runs, and is removed once it was killed", () =>
    Effect.gen(function* () {
      shows("stale-folders")
      const parent = yield* temporary
      const scope = yield* Scope.make()
      const running = yield* Effect.flatMap(Scope.provide(runFolder(parent), scope), ({ path }) => path)
      leaveFolder(`${parent}/appnet-agent-killed`)
      yield* removeAbandonedFolders(parent)
      assert.deepStrictEqual(
        readdirSync(parent).map((name) => `${parent}/${name}`),
        [running]
      )
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.effect("is not taken for a killed agent's where it only looks like one", () =>
    Effect.gen(function* () {
      shows("stale-folders")
      const parent = yield* temporary
      const kept = ["appnet-agent-wrong1", "appnet-agent-wrong2", "appnet-agent-wrong3", "appnet-agent-long-name"]
      // Another user's may have any mode but this.
      leaveFolder(`${parent}/appnet-agent-wrong1`)
      chmodSync(`${parent}/appnet-agent-wrong1`, 0o755)
      // One that is just being made has no socket yet.
      mkdirSync(`${parent}/appnet-agent-wrong2`, { mode: 0o700 })
      leaveFolder(`${parent}/appnet-agent-long-name`)
      symlinkSync(`${parent}/appnet-agent-long-name`, `${parent}/appnet-agent-wrong3`)
      yield* removeAbandonedFolders(parent)
      assert.sameMembers(readdirSync(parent), kept)
      assert.isTrue(existsSync(`${parent}/appnet-agent-long-name/bootstrap.json`))
    })
  )
})
