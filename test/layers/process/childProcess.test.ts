import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { isSuccess, runChild, startChild } from "../../../src/layers/process/childProcess.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-child-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const capture = { output: "capture" } as const

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")
  } catch {
    return false
  }
}

describe("a child process", () => {
  it.live("has its output and its end told", () =>
    Effect.gen(function* () {
      const result = yield* runChild("sh", ["-c", "echo out; echo err >&2; exit 3"], {
        ...capture,
        timeout: "10 seconds"
      })
      assert.deepStrictEqual(result.exit, { _tag: "Code", code: 3 })
      assert.deepStrictEqual(result.output.trim().split("\n").sort(), ["err", "out"])
      assert.isFalse(isSuccess(result))
    })
  )

  it.live("that is not there is a tagged error with the system's code", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(runChild("/nowhere/envoy", [], { ...capture, timeout: "10 seconds" }))
      assert.deepInclude(error, { _tag: "ChildNotStarted", code: "ENOENT" })
    })
  )

  it.live("that Node's spawn throws at is the same tagged error", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/envoy`
      writeFileSync(path, readFileSync("/bin/true"))
      chmodSync(path, 0o755)
      // A program that is open for writing cannot be started (ETXTBSY): Node throws, as it does at EPERM.
      const descriptor = openSync(path, "r+")
      const error = yield* Effect.flip(runChild(path, [], { ...capture, timeout: "10 seconds" }))
      closeSync(descriptor)
      assert.deepInclude(error, { _tag: "ChildNotStarted", code: "ETXTBSY" })
      assert.include(error.message, path)
      assert.isTrue(isSuccess(yield* runChild(path, [], { ...capture, timeout: "10 seconds" })))
    })
  )

  it.live("that does not end in time is killed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(runChild("sleep", ["100"], { ...capture, timeout: "50 millis" }))
      assert.deepInclude(error, { _tag: "ChildTimedOut" })
    })
  )

  it.live("does not hold its caller up when it leaves its output open to another process", () =>
    Effect.gen(function* () {
      const { exit, output } = yield* runChild("sh", ["-c", "echo done; sleep 100 & echo $!"], {
        ...capture,
        timeout: "10 seconds"
      })
      const [first, pid] = output.trim().split("\n")
      process.kill(Number(pid), "SIGKILL")
      assert.deepStrictEqual([exit, first], [{ _tag: "Code", code: 0 }, "done"])
    })
  )

  it.live("ends with its scope, which waits for that", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { pid } = yield* Scope.provide(startChild("sleep", ["100"], capture), scope)
      assert.isTrue(isAlive(pid))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isAlive(pid))
    })
  )
})
