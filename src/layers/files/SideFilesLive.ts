import { Effect, Layer } from "effect"
import { Bootstrap, BootstrapError, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"
import { makeOwnFile } from "./ownFile.ts"

export const SideFilesLive = Layer.effect(
  SideFiles,
  Effect.gen(function* () {
    const { document } = yield* Bootstrap
    const sideFiles = document._tag === "Generated" ? document.sideFiles : []
    const files = sideFiles.map((sideFile) => ({ ...sideFile, file: makeOwnFile() }))
    const write = Effect.forEach(
      files,
      ({ content, file, path }) =>
        Effect.try({
          try: () => file.ensure(path, content),
          catch: (cause) =>
            new BootstrapError({ problems: [new RunFileError({ content: "a generated file", path, cause })] })
        }),
      { discard: true }
    )
    const remove = Effect.forEach(
      files,
      ({ file, path }) =>
        Effect.catch(Effect.try(file.remove), ({ cause }) => Effect.logDebug(`${path} was not removed:`, cause)),
      { discard: true }
    )
    return SideFiles.of({ write, remove })
  })
)
