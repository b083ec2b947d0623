import { execFile } from "node:child_process"
import { access, constants, stat } from "node:fs/promises"
import { Effect, Layer, Option } from "effect"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary, EnvoyNotFound } from "../../services/EnvoyBinary.ts"
import { signingQuestion } from "./awsSigningProbe.ts"
import { askVersion, type VersionQuestion } from "./earlyStart.ts"
import { envoyCandidates } from "./envoyCandidates.ts"
import { envoyEnvironment } from "./envoyEnvironment.ts"
import { parseEnvoyVersion } from "./envoyVersion.ts"

/** Whether a command ends with 0; none where it did not end by itself. */
const succeeds = (path: string, words: ReadonlyArray<string>) =>
  Effect.callback<Option.Option<boolean>>((resume) => {
    const child = execFile(path, words, { timeout: 5000, killSignal: "SIGKILL", env: envoyEnvironment() }, (error) =>
      resume(
        Effect.succeed(error === null || typeof error.code === "number" ? Option.some(error === null) : Option.none())
      )
    )
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  })

/** Undefined when the file can be executed, else what is wrong with it. */
const problemWith = (path: string): Effect.Effect<string | undefined> =>
  Effect.tryPromise(() => stat(path)).pipe(
    Effect.flatMap((status) =>
      status.isFile()
        ? Effect.as(
            Effect.tryPromise(() => access(path, constants.X_OK)),
            undefined
          )
        : Effect.succeed("is not a file")
    ),
    Effect.catch((error) =>
      Effect.succeed(
        error.cause instanceof Error && "code" in error.cause && error.cause.code === "ENOENT"
          ? "does not exist"
          : "is not executable by this user"
      )
    )
  )

/** Finds Envoy on this machine. An answer to `asked` is taken where it is about the Envoy that was found. */
export const layerAsking = (asked: VersionQuestion | undefined) =>
  Layer.effect(
    EnvoyBinary,
    Effect.gen(function* () {
      const { settings } = yield* Config
      const find = Effect.gen(function* () {
        const candidates = envoyCandidates(settings.APPNET_ENVOY_PATH, process.env.PATH)
        for (const path of candidates) {
          const problem = yield* problemWith(path)
          if (problem === undefined) return path
          if (settings.APPNET_ENVOY_PATH !== undefined) return yield* new EnvoyNotFound({ path, problem })
        }
        return yield* new EnvoyNotFound({
          path: candidates[0] ?? "envoy",
          problem: "does not exist and PATH has no envoy either"
        })
      })
      const path = yield* Effect.cached(find)
      if (asked !== undefined) yield* Effect.addFinalizer(() => Effect.sync(asked.cancel))
      const ask = (found: string) =>
        Effect.acquireUseRelease(
          Effect.sync(() => (asked?.path === found ? asked : askVersion(found))),
          ({ output }) => Effect.promise(() => output),
          ({ cancel }) => Effect.sync(cancel)
        )
      const version = yield* Effect.cached(
        path.pipe(
          Effect.flatMap(ask),
          Effect.map(parseEnvoyVersion),
          Effect.catch(() => Effect.succeedNone)
        )
      )
      const signsForAws = yield* Effect.cached(
        path.pipe(
          Effect.flatMap((found) => succeeds(found, signingQuestion)),
          Effect.catch(() => Effect.succeedNone)
        )
      )
      return EnvoyBinary.of({ path, version, signsForAws })
    })
  )

export const EnvoyBinaryLive = layerAsking(undefined)
