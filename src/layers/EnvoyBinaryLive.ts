import { access, constants, stat } from "node:fs/promises"
import { Effect, Layer } from "effect"
import { Config } from "../services/Config.ts"
import { EnvoyBinary, EnvoyNotFound } from "../services/EnvoyBinary.ts"
import { parseEnvoyVersion } from "./process/envoyVersion.ts"

const { execFile } = process.getBuiltinModule("node:child_process")

/** Where images have Envoy. */
const usualPath = "/usr/bin/envoy"

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

const askVersion = (path: string) =>
  Effect.callback<string>((resume) => {
    const child = execFile(path, ["--version"], { timeout: 5000, killSignal: "SIGKILL" }, (error, stdout) =>
      resume(Effect.succeed(error === null ? stdout : ""))
    )
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  }).pipe(Effect.map(parseEnvoyVersion))

/** Finds Envoy on this machine; its version is asked in the background as soon as the layer is built. */
export const EnvoyBinaryLive = Layer.effect(
  EnvoyBinary,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const onPath = (process.env.PATH ?? "").split(":").filter((folder) => folder !== "")
    const find = Effect.gen(function* () {
      const asked = settings.APPNET_ENVOY_PATH
      const candidates = asked === undefined ? [usualPath, ...onPath.map((folder) => `${folder}/envoy`)] : [asked]
      for (const path of candidates) {
        const problem = yield* problemWith(path)
        if (problem === undefined) return path
        if (asked !== undefined) return yield* new EnvoyNotFound({ path, problem })
      }
      return yield* new EnvoyNotFound({ path: usualPath, problem: "does not exist and PATH has no envoy either" })
    })
    const path = yield* Effect.cached(find)
    const version = yield* Effect.cached(
      path.pipe(
        Effect.flatMap(askVersion),
        Effect.catch(() => Effect.succeedNone)
      )
    )
    return EnvoyBinary.of({ path, version })
  })
)
