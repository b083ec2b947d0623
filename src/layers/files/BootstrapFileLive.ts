import { Effect, FileSystem, Layer, type PlatformError } from "effect"
import { Bootstrap, BootstrapError, BootstrapFile, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyRole } from "../../services/EnvoyRole.ts"
import { ownerOf, runFilePath } from "./runFiles.ts"

/** Removes what agents left that were killed; a file that cannot be removed harms nobody. */
const clearStale = Effect.fnUntraced(
  function* (folder: string) {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
    for (const name of names) {
      const owner = ownerOf(name)
      if (owner === undefined || (yield* fs.exists(`/proc/${owner}`))) continue
      yield* fs.remove(`${folder}/${name}`, { force: true })
    }
  },
  (effect) => Effect.ignore(effect)
)

/**
 * Writes a generated bootstrap to a file that only this user can read, beside the files that it refers to, and removes
 * them at the end. A custom file stays where it is.
 */
export const BootstrapFileLive = Layer.effect(
  BootstrapFile,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { document } = yield* Bootstrap
    const fs = yield* FileSystem.FileSystem
    const sideFiles = yield* SideFiles
    yield* clearStale(settings.APPNET_RUN_DIR)
    if (document._tag === "Custom") return BootstrapFile.of({ path: document.path })

    const path = runFilePath(settings, "bootstrap.json", yield* EnvoyRole)
    const refuse = (error: PlatformError.PlatformError) =>
      new BootstrapError({ problems: [new RunFileError({ content: "the bootstrap", path, cause: error })] })
    // Exclusive, so that a planted file or link never gets the text; what has this agent's own name is not its own.
    const write = fs
      .remove(path, { force: true })
      .pipe(
        Effect.andThen(
          fs.writeFileString(path, JSON.stringify(document.value, undefined, 2), { flag: "wx", mode: 0o600 })
        ),
        Effect.mapError(refuse)
      )
    yield* Effect.acquireRelease(write, () => Effect.ignore(fs.remove(path, { force: true })))
    yield* Effect.acquireRelease(sideFiles.write, () => sideFiles.remove)
    return BootstrapFile.of({ path })
  })
)
