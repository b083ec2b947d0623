import * as fs from "node:fs"
import { Duration, Effect, Layer } from "effect"
import { Bootstrap, BootstrapError, BootstrapFile, type SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"
import { BootstrapRejected, BootstrapValidator } from "../../services/BootstrapValidator.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import { RunFolder } from "../../services/RunFolder.ts"
import { BootstrapFileLive } from "../files/BootstrapFileLive.ts"
import { isSuccess, runChild } from "../process/childProcess.ts"
import { envoyEnvironment, signsForAws } from "../process/envoyEnvironment.ts"
import { readRejection } from "./rejection.ts"

/** Envoy validates without touching the network: what takes longer hangs. */
const validationTimeout = Duration.seconds(30)

const notWritten = (path: string, cause: unknown) =>
  new BootstrapError({ problems: [new RunFileError({ content: "Envoy's output", path, cause })] })

/** A file that has lost its name already: Envoy can open it again as /dev/stdout, and nothing of it is left. */
const nameless = (path: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const descriptor = fs.openSync(path, "wx+", 0o600)
        fs.rmSync(path)
        return descriptor
      },
      catch: (cause) => notWritten(path, cause)
    }),
    (descriptor) => Effect.sync(() => fs.closeSync(descriptor))
  )

/** From the start, wherever the process that shares the descriptor has got to. */
const contentOf = (descriptor: number): string => {
  const bytes = Buffer.alloc(fs.fstatSync(descriptor).size)
  return bytes.toString("utf8", 0, fs.readSync(descriptor, bytes, 0, bytes.length, 0))
}

export const BootstrapValidatorLive = Layer.effect(
  BootstrapValidator,
  Effect.gen(function* () {
    const binary = yield* EnvoyBinary
    const folder = yield* RunFolder
    const context = yield* Effect.context<Bootstrap | SideFiles | RunFolder>()
    const check = (envoy: string, path: string) =>
      Effect.gen(function* () {
        const { document } = yield* Bootstrap
        const parent = yield* Effect.mapError(folder.path, ({ parent, problem }) => notWritten(parent, problem))
        const output = yield* nameless(`${parent}/validation.out`)
        const result = yield* runChild(envoy, ["--mode", "validate", "-c", path, "-l", "error"], {
          output: { stdout: output, stderr: output },
          env: envoyEnvironment(signsForAws(document)),
          timeout: validationTimeout
        }).pipe(
          Effect.mapError((error) => new BootstrapRejected({ reason: error.message, path: undefined, variables: [] }))
        )
        if (isSuccess(result)) return
        const words = contentOf(output)
        return yield* new BootstrapRejected(
          document._tag === "Generated"
            ? readRejection(words, document.value, document.sources)
            : readRejection(words, {}, [])
        )
      }).pipe(Effect.scoped)
    const validate = Effect.gen(function* () {
      const envoy = yield* binary.path
      yield* check(envoy, yield* (yield* BootstrapFile).prepare)
    }).pipe(Effect.provide(BootstrapFileLive), Effect.provideContext(context))
    return BootstrapValidator.of({ validate })
  })
)
