import { Effect, type FileSystem, Layer } from "effect"
import { type Bootstrap, BootstrapFile, type SideFiles } from "../services/Bootstrap.ts"
import { BootstrapRejected, BootstrapValidator } from "../services/BootstrapValidator.ts"
import type { Config } from "../services/Config.ts"
import { EnvoyBinary } from "../services/EnvoyBinary.ts"
import { BootstrapFileLive } from "./BootstrapFileLive.ts"

const { spawn } = process.getBuiltinModule("node:child_process")
const fs = process.getBuiltinModule("node:fs")

/** Envoy checks without touching the network; what takes longer hangs. */
const patience = "30 seconds"

/** The first of Envoy's error lines, without its time stamp; else all that it said. */
const reasonIn = (output: string): string => {
  const lines = output.split("\n").map((line) => line.trim())
  const error = lines.find(
    (line) => /^(\[[^\]]*\])*\[(error|critical)\]/.test(line) || line.startsWith("error initializing")
  )
  const text = error ?? lines.filter((line) => line !== "").join(" ")
  return text.replace(/^(\[[^\]]*\])+\s*/, "").replace(/^\S+\.cc:\d+\]\s*/, "")
}

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

const exitOf = (command: string, words: ReadonlyArray<string>, output: number) =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(command, words, { stdio: ["ignore", output, output] })
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
        const words = fs.readFileSync(output, "utf8")
        return yield* new BootstrapRejected({ reason: reasonIn(words) })
      }).pipe(Effect.scoped)
    const validate = Effect.gen(function* () {
      const envoy = yield* binary.path
      const { path } = yield* BootstrapFile
      yield* check(envoy, path)
    }).pipe(Effect.provide(BootstrapFileLive), Effect.provideContext(context))
    return BootstrapValidator.of({ validate })
  })
)
