import { Effect, Layer, Ref } from "effect"
import { Bootstrap, BootstrapError, BootstrapFile, SideFiles } from "../../services/Bootstrap.ts"
import { RunFileError } from "../../services/BootstrapProblem.ts"
import { EnvoyRole, type Role } from "../../services/EnvoyRole.ts"
import { RunFolder } from "../../services/RunFolder.ts"
import { makeOwnFile } from "./ownFile.ts"

const fileNames: Readonly<Record<Role, string>> = { main: "bootstrap.json", "local relay": "relay-bootstrap.json" }

const notWritten = (path: string, cause: unknown) =>
  new BootstrapError({ problems: [new RunFileError({ content: "the bootstrap", path, cause })] })

/**
 * Writes a generated bootstrap to the agent's own folder, which takes it along at the end, and the files that it refers to. A
 * custom file stays where it is.
 */
export const BootstrapFileLive = Layer.effect(
  BootstrapFile,
  Effect.gen(function* () {
    const { document } = yield* Bootstrap
    if (document._tag === "Custom")
      return BootstrapFile.of({ prepare: Effect.succeed(document.path), path: Effect.succeed(document.path) })

    const folder = yield* RunFolder
    const sideFiles = yield* SideFiles
    const fileName = fileNames[yield* EnvoyRole]
    const file = makeOwnFile()
    const prepared = yield* Ref.make("")
    const prepare = Effect.gen(function* () {
      const parent = yield* Effect.mapError(folder.path, ({ parent, problem }) => notWritten(parent, problem))
      const path = `${parent}/${fileName}`
      yield* Effect.try({
        try: () => file.ensure(path, JSON.stringify(document.value, undefined, 2)),
        catch: (cause) => notWritten(path, cause)
      })
      yield* sideFiles.write
      yield* Ref.set(prepared, path)
      return path
    })
    yield* Effect.addFinalizer(() => sideFiles.remove)
    // Once before Envoy is started, so that a folder that cannot be written ends the start.
    yield* prepare
    return BootstrapFile.of({ prepare, path: Ref.get(prepared) })
  })
)
