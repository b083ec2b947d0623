import { Effect, FileSystem, Layer } from "effect"
import { Bootstrap, BootstrapError, type SideFile, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"

/**
 * Writes a file of this process's own, then renames it, so that a link or file at the path is replaced, not followed.
 */
const writeAndRename = Effect.fnUntraced(function* ({ content, path }: SideFile) {
  const fs = yield* FileSystem.FileSystem
  const temporary = `${path}.${process.pid}`
  yield* fs.remove(temporary, { force: true }).pipe(
    Effect.andThen(fs.writeFileString(temporary, content, { flag: "wx", mode: 0o600 })),
    Effect.andThen(fs.rename(temporary, path)),
    Effect.tapError(() => Effect.ignore(fs.remove(temporary, { force: true }))),
    Effect.mapError(
      (cause) => new BootstrapError({ problems: [new RunFileError({ content: "a generated file", path, cause })] })
    )
  )
})

export const SideFilesLive = Layer.effect(
  SideFiles,
  Effect.gen(function* () {
    const { document } = yield* Bootstrap
    const fs = yield* FileSystem.FileSystem
    const files = document._tag === "Generated" ? document.sideFiles : []
    const remove = ({ path }: SideFile) =>
      fs
        .remove(path, { force: true })
        .pipe(Effect.catch((error) => Effect.logDebug(`${path} was not removed: ${error.message}`)))
    return SideFiles.of({
      write: Effect.forEach(files, writeAndRename, { discard: true }).pipe(
        Effect.provideService(FileSystem.FileSystem, fs)
      ),
      remove: Effect.forEach(files, remove, { discard: true })
    })
  })
)
