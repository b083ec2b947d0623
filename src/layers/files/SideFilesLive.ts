import { Effect, FileSystem, Layer } from "effect"
import { Bootstrap, BootstrapError, type SideFile, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"

/** Written under a name of this process's own, then renamed: what stood at the path, a link or a file, is replaced. */
const put = Effect.fnUntraced(function* ({ content, path }: SideFile) {
  const fs = yield* FileSystem.FileSystem
  const own = `${path}.${process.pid}`
  yield* fs.remove(own, { force: true }).pipe(
    Effect.andThen(fs.writeFileString(own, content, { flag: "wx", mode: 0o600 })),
    Effect.andThen(fs.rename(own, path)),
    Effect.tapError(() => Effect.ignore(fs.remove(own, { force: true }))),
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
    return SideFiles.of({
      write: Effect.forEach(files, put, { discard: true }).pipe(Effect.provideService(FileSystem.FileSystem, fs)),
      remove: Effect.forEach(files, ({ path }) => Effect.ignore(fs.remove(path, { force: true })), { discard: true })
    })
  })
)
