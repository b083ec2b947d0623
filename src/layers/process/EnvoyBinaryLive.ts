import * as fs from "node:fs"
import { Duration, Effect, Layer, Option } from "effect"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary, EnvoyNotFound } from "../../services/EnvoyBinary.ts"
import { EnvoyWrapper } from "../../services/EnvoyWrapper.ts"
import { awsSigningProbe } from "./awsSigningProbe.ts"
import { type ChildResult, isSuccess, runChild } from "./childProcess.ts"
import { envoyCandidates } from "./envoyCandidates.ts"
import { envoyEnvironment } from "./envoyEnvironment.ts"
import { parseEnvoyVersion } from "./envoyVersion.ts"
import { spawnChild } from "./spawnChild.ts"

const probeTimeout = Duration.seconds(5)

/** Asks an Envoy something by its command line; none where it did not end by itself. */
const askEnvoy = (path: string, words: ReadonlyArray<string>) =>
  Effect.suspend(() =>
    runChild(path, words, { env: envoyEnvironment(), output: "capture", timeout: probeTimeout })
  ).pipe(
    Effect.matchEffect({
      onFailure: (error) => Effect.as(Effect.logDebug(error.message), Option.none<ChildResult>()),
      onSuccess: (result) => Effect.succeed(result.exit._tag === "Code" ? Option.some(result) : Option.none())
    })
  )

/** Undefined if the file can be executed, else what is wrong with it. */
const problemWith = (path: string): Effect.Effect<string | undefined> =>
  Effect.try({
    try: () => {
      if (!fs.statSync(path).isFile()) return "is not a file"
      fs.accessSync(path, fs.constants.X_OK)
      return undefined
    },
    catch: (cause) =>
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "does not exist"
        : "is not executable by this user"
  }).pipe(Effect.catch(Effect.succeed))

/** What the kernel says of a program that it will refuse next time too, and what that means where the code alone does not say. */
const refusals: Readonly<Record<string, string>> = {
  EPERM: ", as for a file with capabilities (getcap) that this container does not have",
  EACCES: "",
  ENOEXEC: ": it is no program for this machine",
  ENOENT: ": its interpreter or loader is missing"
}

/** Starts a program and ends it at once. Its file may look executable, and the kernel may refuse it all the same. */
const tryStart = Effect.fnUntraced(function* (path: string) {
  const child = spawnChild(path, ["--version"], { env: envoyEnvironment(), output: "ignore" })
  const start = yield* Effect.promise(() => child.started)
  child.kill("SIGKILL")
  if (start._tag === "Started") return
  const meaning = refusals[start.code]
  if (meaning === undefined) return yield* Effect.logDebug(`${path} cannot be started: ${start.problem}`)
  return yield* new EnvoyNotFound({ path, problem: `cannot be started by this user (${start.problem})${meaning}` })
})

/** Finds Envoy on this machine. */
export const EnvoyBinaryLive = Layer.effect(
  EnvoyBinary,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const wrapper = yield* EnvoyWrapper
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
    const path = yield* Effect.cached(
      Effect.tap(find, (found) =>
        Effect.flatMap(wrapper.versionOutput(found), (output) =>
          Option.isSome(output) ? Effect.void : tryStart(found)
        )
      )
    )
    const version = yield* Effect.cached(
      path.pipe(
        Effect.flatMap((found) =>
          Effect.flatMap(
            wrapper.versionOutput(found),
            Option.match({
              onNone: () =>
                Effect.map(
                  askEnvoy(found, ["--version"]),
                  Option.map(({ output }) => output)
                ),
              onSome: Effect.succeedSome
            })
          )
        ),
        Effect.map(Option.flatMap(parseEnvoyVersion)),
        // The launch fails with the same error, and reports it.
        Effect.catchTag("EnvoyNotFound", () => Effect.succeedNone)
      )
    )
    const signsForAws = yield* Effect.cached(
      path.pipe(
        Effect.flatMap((found) => askEnvoy(found, awsSigningProbe)),
        Effect.map(Option.map(isSuccess)),
        Effect.catchTag("EnvoyNotFound", () => Effect.succeedNone)
      )
    )
    return EnvoyBinary.of({ path, version, signsForAws })
  })
)
