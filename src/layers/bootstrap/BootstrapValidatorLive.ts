import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { Effect, type FileSystem, Layer } from "effect"
import { Bootstrap, BootstrapFile, type SideFiles } from "../../services/Bootstrap.ts"
import { BootstrapRejected, BootstrapValidator } from "../../services/BootstrapValidator.ts"
import type { Config } from "../../services/Config.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import { BootstrapFileLive } from "../files/BootstrapFileLive.ts"
import { envoyEnvironment } from "../process/envoyEnvironment.ts"
import { readRejection } from "./rejection.ts"

/** Envoy checks without touching the network; what takes longer hangs. */
const patience = "30 seconds"

/** A file that has lost its name already: Envoy can open it again as /dev/stdout, and nothing of it is left. */
const nameless = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const descriptor = fs.openSync(path, "wx+", 0o600)
      fs.rmSync(path)
      return descriptor
    }),
    (descriptor) => Effect.sync(() => fs.closeSync(descriptor))
  )

/** From the start, wherever the process that shares the descriptor has got to. */
const contentOf = (descriptor: number): string => {
  const bytes = Buffer.alloc(fs.fstatSync(descriptor).size)
  return bytes.toString("utf8", 0, fs.readSync(descriptor, bytes, 0, bytes.length, 0))
}

const exitOf = (command: string, words: ReadonlyArray<string>, output: number) =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(command, words, { stdio: ["ignore", output, output], env: envoyEnvironment() })
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("exit", (code) => resume(Effect.succeed(code === 0)))
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(false) }))

export const BootstrapValidatorLive = Layer.effect(
  BootstrapValidator,
  Effect.gen(function* () {
    const binary = yield* EnvoyBinary
    const context = yield* Effect.context<Bootstrap | SideFiles | Config | FileSystem.FileSystem>()
    const check = (envoy: string, path: string) =>
      Effect.gen(function* () {
        const output = yield* nameless(`${path}.${process.pid}.out`)
        const succeeded = yield* exitOf(envoy, ["--mode", "validate", "-c", path, "-l", "error"], output)
        if (succeeded) return
        const words = contentOf(output)
        const { document } = yield* Bootstrap
        return yield* new BootstrapRejected(
          document._tag === "Generated"
            ? readRejection(words, document.value, document.sources)
            : readRejection(words, {}, [])
        )
      }).pipe(Effect.scoped)
    const validate = Effect.gen(function* () {
      const envoy = yield* binary.path
      const { path } = yield* BootstrapFile
      yield* check(envoy, path)
    }).pipe(Effect.provide(BootstrapFileLive), Effect.provideContext(context))
    return BootstrapValidator.of({ validate })
  })
)
