import * as fs from "node:fs"
import * as net from "node:net"
import { Effect, Layer, ScopedRef, Semaphore } from "effect"
import { Config } from "../../services/Config.ts"
import { RunFolder, RunFolderFailed } from "../../services/RunFolder.ts"
import { removeAbandonedFolders, runFolderPrefix, signOfLife } from "./abandonedFolders.ts"
import { type FileIdentity, identityOf, removeOwn } from "./fileIdentity.ts"

interface OwnFolder {
  readonly path: string
  /** Undefined before the first folder. */
  readonly identity: FileIdentity | undefined
  /** Undefined where no socket can be made in the folder. */
  readonly signOfLife: FileIdentity | undefined
}

const noFolder: OwnFolder = { path: "", identity: undefined, signOfLife: undefined }

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : `${cause}`)

const makeFolder = (parent: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const path = fs.mkdtempSync(`${parent}/${runFolderPrefix}`)
        return { path, identity: identityOf(path) }
      },
      catch: (cause) => new RunFolderFailed({ parent, problem: textOf(cause) })
    }),
    ({ identity, path }) =>
      Effect.try(() => removeOwn(path, identity)).pipe(
        Effect.flatMap((isRemoved) =>
          isRemoved ? Effect.void : Effect.logDebug(`${path} is not this agent's any more`)
        ),
        Effect.catch(({ cause }) => Effect.logDebug(`${path} was not removed:`, cause))
      )
  )

/** Listens on a socket for as long as this process runs, whatever ends it. */
const showLife = (path: string) =>
  Effect.acquireRelease(
    Effect.callback<net.Server | undefined>((resume) => {
      const server = net.createServer((connection) => connection.destroy())
      // Stays for the whole life of the server: a process without a descriptor left fails to accept, and goes on.
      server.on("error", (error) =>
        resume(
          Effect.as(Effect.logDebug(`${path}: no other agent can tell that this one runs: ${error.message}`), undefined)
        )
      )
      server.listen({ path }, () => resume(Effect.succeed(server)))
      server.unref()
    }),
    (server) =>
      server === undefined
        ? Effect.void
        : Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

const makeOwnFolder = Effect.fnUntraced(function* (parent: string) {
  const { identity, path } = yield* makeFolder(parent)
  const socket = `${path}/${signOfLife}`
  const server = yield* showLife(socket)
  yield* Effect.logDebug(`the agent's own files are in ${path}`)
  return { path, identity, signOfLife: server === undefined ? undefined : identityOf(socket) } satisfies OwnFolder
})

const isWhole = ({ identity, path, signOfLife: sign }: OwnFolder): boolean =>
  identity !== undefined &&
  identityOf(path) === identity &&
  (sign === undefined || identityOf(`${path}/${signOfLife}`) === sign)

/** Makes the folder when it is first asked for, and removes those that killed agents of this user have left. */
export const RunFolderLive = Layer.effect(
  RunFolder,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const parent = settings.APPNET_RUN_DIR
    const current = yield* ScopedRef.make(() => noFolder)
    const oneAtATime = yield* Semaphore.make(1)
    yield* Effect.forkScoped(removeAbandonedFolders(parent))
    const path = Effect.gen(function* () {
      const known = yield* ScopedRef.get(current)
      if (isWhole(known)) return known.path
      if (known !== noFolder) yield* Effect.logDebug(`${known.path} is gone, or has lost files: making another folder`)
      yield* ScopedRef.set(current, makeOwnFolder(parent))
      return (yield* ScopedRef.get(current)).path
    }).pipe(oneAtATime.withPermit)
    return RunFolder.of({ path })
  })
)
