import * as fs from "node:fs"
import * as os from "node:os"
import { Data, Effect, Layer, Option } from "effect"
import { AdminListener, type Listener } from "../../services/AdminListener.ts"
import { type AdminAddress, Bootstrap } from "../../services/Bootstrap.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { tablesFor, tcpListeners, unixListeners } from "./socketTables.ts"

/** /proc does not tell, since it is not mounted or belongs to another user. */
class ProcUnreadable extends Data.TaggedError("ProcUnreadable")<{ readonly reason: string }> {}

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? `${cause.code}` : `${cause}`)

const readProc = <A>(path: string, read: (path: string) => A) =>
  Effect.try({
    try: () => read(path),
    catch: (cause) => new ProcUnreadable({ reason: `${path} cannot be read: ${codeOf(cause)}` })
  })

const pieceSize = 64 * 1024

/** The beginning of a table of sockets, with all that listen: the kernel lists them before the connections, of which there may be many. */
const readListening = (path: string): string => {
  if (!path.includes("/tcp")) return fs.readFileSync(path, "latin1")
  const file = fs.openSync(path, "r")
  try {
    const piece = Buffer.alloc(pieceSize)
    let text = ""
    for (;;) {
      const length = fs.readSync(file, piece)
      text += piece.toString("latin1", 0, length)
      const last = text.slice(text.lastIndexOf("\n", text.length - 2) + 1)
      if (length === 0 || !/^\s*\d+: \S+ \S+ 0A /.test(last)) return text
    }
  } finally {
    fs.closeSync(file)
  }
}

const isMissing = (cause: unknown) => codeOf(cause) === "ENOENT"

/** Without IPv6 there is no tcp6. */
const readTable = (path: string): string => {
  try {
    return readListening(path)
  } catch (cause) {
    if (path.endsWith("6") && isMissing(cause)) return ""
    throw cause
  }
}

const inodesAt = Effect.fnUntraced(function* (address: AdminAddress) {
  const tables = yield* Effect.forEach(tablesFor(address), (path) => readProc(path, readTable))
  const table = tables.join("\n")
  return address._tag === "Unix" ? unixListeners(table, address.path) : tcpListeners(table, address, os.endianness())
})

const socketOf = (link: string) => /^socket:\[(\d+)\]$/.exec(link)?.[1]

interface Held {
  /** Those of the sockets that a process has open. A descriptor that is closed meanwhile is none of them. */
  readonly sockets: ReadonlySet<string>
  /** The process shows no descriptor at all: it is ending. Its sockets may still listen until its last thread has ended. */
  readonly isEnding: boolean
}

const heldBy = (pid: number, inodes: ReadonlyArray<string>) =>
  readProc(`/proc/${pid}/fd`, (folder): Held => {
    const held = new Set<string>()
    const names = fs.readdirSync(folder)
    for (const name of names) {
      try {
        const inode = socketOf(fs.readlinkSync(`${folder}/${name}`))
        if (inode !== undefined && inodes.includes(inode)) held.add(inode)
      } catch (cause) {
        if (!isMissing(cause)) throw cause
      }
      if (held.size === inodes.length) break
    }
    return { sockets: held, isEnding: names.length === 0 }
  })

const pids = readProc("/proc", (folder) =>
  fs
    .readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
)

/** The session that a process belongs to: field 6 of its stat, which counts from the last `)`. */
const sessionOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])

const isInSession = (session: number) => (pid: number) =>
  Effect.match(
    readProc(`/proc/${pid}/stat`, (path) => fs.readFileSync(path, "latin1")),
    { onFailure: () => false, onSuccess: (stat) => sessionOf(stat) === session }
  )

const nameOf = (pid: number) =>
  Effect.match(
    readProc(`/proc/${pid}/comm`, (path) => fs.readFileSync(path, "utf8")),
    { onFailure: () => `pid ${pid}`, onSuccess: (name) => `pid ${pid}, ${foreignLine(name)}` }
  )

/** A process that has one of the sockets open, as far as this user may see it. */
const programWith = Effect.fnUntraced(function* (inodes: ReadonlyArray<string>) {
  for (const pid of yield* pids) {
    const held = yield* Effect.option(heldBy(pid, inodes))
    if (Option.isSome(held) && held.value.sockets.size > 0) return yield* nameOf(pid)
  }
  return undefined
})

/** Whose sockets these are, where the agent's Envoy runs with this pid. Envoy leads a session of its own. */
const ownerOf = Effect.fnUntraced(function* (inodes: ReadonlyArray<string>, envoy: number | undefined) {
  const others: Listener = { _tag: "OtherProgram", program: undefined, socket: inodes.join() }
  if (envoy === undefined) return others
  const { isEnding, sockets } = yield* heldBy(envoy, inodes)
  if (isEnding) return { _tag: "Unknown", reason: `process ${envoy} is ending` } satisfies Listener
  const own = new Set(sockets)
  // A script in Envoy's place may have started it as a child.
  const children = own.size > 0 ? [] : yield* Effect.filter(yield* pids, isInSession(envoy))
  for (const child of children) for (const inode of (yield* heldBy(child, inodes)).sockets) own.add(inode)
  if (own.size === inodes.length) return { _tag: "OwnEnvoy" } satisfies Listener
  if (own.size === 0) return others
  return { _tag: "Unknown", reason: "several programs listen there" } satisfies Listener
})

export const AdminListenerLive = Layer.effect(
  AdminListener,
  Effect.gen(function* () {
    const { admin } = yield* Bootstrap
    const envoy = yield* EnvoyProcess
    const listener = Effect.gen(function* () {
      const state = yield* envoy.state
      const pid = state._tag === "Running" || state._tag === "Draining" ? state.pid : undefined
      const inodes = yield* inodesAt(admin)
      if (inodes.length === 0) return { _tag: "Nobody" } satisfies Listener
      const owner: Listener = yield* ownerOf(inodes, pid)
      return owner._tag === "OtherProgram" ? { ...owner, program: yield* programWith(inodes) } : owner
    }).pipe(
      Effect.catchTag("ProcUnreadable", ({ reason }) => Effect.succeed<Listener>({ _tag: "Unknown", reason })),
      Effect.withSpan("AdminListener.listener")
    )
    const socketFile = Effect.sync(() => {
      const found = admin._tag === "Unix" ? fs.statSync(admin.path, { throwIfNoEntry: false }) : undefined
      return found === undefined ? "" : `${found.dev}:${found.ino}`
    })
    return AdminListener.of({ listener, socketFile })
  })
)
