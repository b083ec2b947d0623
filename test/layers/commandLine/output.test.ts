import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result, Runtime, Sink, Stdio, Stream } from "effect"
import { systemError } from "effect/PlatformError"
import { printOutput, writeOutput } from "../../../src/layers/commandLine/output.ts"

/** Standard output that fails with this error of the system. */
const failingOutput = (code: string) =>
  Stdio.layerTest({
    stdout: () =>
      Sink.fail(
        systemError({ _tag: "Unknown", module: "Stdio", method: "stdout", cause: Object.assign(new Error(), { code }) })
      )
  })

describe("the output of a command", () => {
  it.effect("that cannot be written is a failure with exit code 1", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(Effect.provide(printOutput("x"), failingOutput("ENOSPC")))
      const error = Result.isFailure(result) ? result.failure : assert.fail("no failure")
      assert.strictEqual(error.message, "standard output cannot be written: ENOSPC")
      assert.strictEqual(Runtime.getErrorExitCode(error), 1)
    })
  )

  it.effect("ends without a failure where the reader wants no more", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.provide(printOutput("x"), failingOutput("EPIPE")))
      assert.isTrue(Exit.isSuccess(exit))
    })
  )

  it.effect("fails with the failure of what is to be written", () =>
    Effect.gen(function* () {
      const layer = Stdio.layerTest({ stdout: () => Sink.drain })
      const failure = yield* Effect.flip(Effect.provide(writeOutput(Stream.fail("broke off")), layer))
      assert.strictEqual(failure, "broke off")
    })
  )
})
