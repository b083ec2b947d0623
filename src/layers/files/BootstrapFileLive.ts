import { Effect, FileSystem, Layer, type PlatformError } from "effect"
import { Bootstrap, BootstrapError, BootstrapFile, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyRole } from "../../services/EnvoyRole.ts"
import { ownerPid, runFilePath } from "./runFiles.ts"

/** Removes the files of agents that were killed. A failure only leaves a file behind, so the start goes on. */
const removeStaleFiles = Effect.fn("removeStaleFiles")(
  function* (folder: string) {
    const fs = yield* FileSystem.FileSystem
    for (const name of yield* fs.readDirectory(folder)) {
      const owner = ownerPid(name)
      if (owner === undefined || (yield* fs.exists(`/proc/${owner}`))) continue
      yield* fs.remove(`${folder}/${name}`, { force: true })
      yield* Effect.logDebug(`removed ${folder}/${name}: the agent with pid ${owner} has ended`)
    }
  },
  Effect.catch((error) => Effect.logDebug(`stale files were not all removed: ${error.message}`))
)

/**
 * Writes a generated bootstrap to a file that only this user can read, with the files that it refers to, and removes
 * them at the end. A custom file stays where it is.
 */
export const BootstrapFileLive = Layer.effect(
  BootstrapFile,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { document } = yield* Bootstrap
    const fs = yield* FileSystem.FileSystem
    const sideFiles = yield* SideFiles
    yield* removeStaleFiles(settings.APPNET_RUN_DIR)
    if (document._tag === "Custom") return BootstrapFile.of({ path: document.path })

    const path = runFilePath(settings, "bootstrap.json", yield* EnvoyRole)
    const toBootstrapError = (error: PlatformError.PlatformError) =>
      new BootstrapError({ problems: [new RunFileError({ content: "the bootstrap", path, cause: error })] })
    // With `wx`, a link or file that another process plants after the removal makes the write fail, not follow it.
    const write = fs
      .remove(path, { force: true })
      .pipe(
        Effect.andThen(
          fs.writeFileString(path, JSON.stringify(document.value, undefined, 2), { flag: "wx", mode: 0o600 })
        ),
        Effect.mapError(toBootstrapError)
      )
    const remove = fs
      .remove(path, { force: true })
      .pipe(Effect.catch((error) => Effect.logDebug(`${path} was not removed: ${error.message}`)))
    yield* Effect.acquireRelease(write, () => remove)
    yield* Effect.acquireRelease(sideFiles.write, () => sideFiles.remove)
    return BootstrapFile.of({ path })
  })
)
