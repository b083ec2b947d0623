import * as fs from "node:fs"
import { Effect } from "effect"
import { socketFileAt } from "./socketFile.ts"

/** Six characters follow that nobody can foresee. */
export const runFolderPrefix = "appnet-agent-"
const runFolderName = /^appnet-agent-[A-Za-z0-9]{6}$/

/** A socket in the folder of each agent, on which the agent listens: the kernel closes it at whatever end. */
export const signOfLife = "alive"

/**
 * File systems that no other machine can have mounted, by `f_type` of statfs(2): ext4, XFS, Btrfs, tmpfs, overlay, F2FS, ZFS. On
 * all others, a socket that another machine's agent listens on looks abandoned.
 */
const localFileSystems: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1
])

/** Whether only this user can enter a folder. */
const isPrivate = ({ mode, uid }: fs.Stats) => (mode & 0o777) === 0o700 && uid === process.getuid?.()

const removeIfAbandoned = (path: string) =>
  Effect.gen(function* () {
    const status = yield* Effect.try(() => fs.lstatSync(path, { throwIfNoEntry: false }))
    if (status?.isDirectory() !== true || !isPrivate(status)) return
    if ((yield* socketFileAt(`${path}/${signOfLife}`)) !== "Abandoned") return
    yield* Effect.try(() => fs.rmSync(path, { force: true, recursive: true }))
    yield* Effect.logDebug(`removed ${path}: its agent has ended`)
  }).pipe(Effect.catch(({ cause }) => Effect.logDebug(`${path} was not removed:`, cause)))

/**
 * Removes the folders of agents of this user that were killed: those in whose socket nobody listens any more. So it holds across
 * pid namespaces, and no process id that is used again misleads it. A failure only leaves files behind.
 */
export const removeAbandonedFolders = Effect.fn("removeAbandonedFolders")(
  function* (parent: string) {
    const names = yield* Effect.try(() =>
      localFileSystems.has(fs.statfsSync(parent).type) ? fs.readdirSync(parent) : []
    )
    const paths = names.filter((name) => runFolderName.test(name)).map((name) => `${parent}/${name}`)
    yield* Effect.forEach(paths, removeIfAbandoned, { discard: true })
  },
  Effect.catch(({ cause }) => Effect.logDebug("the folders of killed agents cannot be looked for:", cause))
)
