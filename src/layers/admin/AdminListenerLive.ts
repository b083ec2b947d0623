import * as fs from "node:fs"
import * as os from "node:os"
import { Data, Effect, Layer, Option, Ref } from "effect"
import { AdminListener, type Listener } from "../../services/AdminListener.ts"
import { type AdminAddress, Bootstrap } from "../../services/Bootstrap.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { tablesFor, tcpListeners, unixListeners } from "./socketTables.ts"

/** /proc does not tell: it is not mounted, shows nothing of other users, or shows several sockets. */
class OwnerUnknown extends Data.TaggedError("OwnerUnknown")<{ readonly reason: string }> {}

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? `${cause.code}` : `${cause}`)

const readFrom = <A>(path: string, read: (path: string) => A) =>
  Effect.try({
    try: () => read(path),
    catch: (cause) => new OwnerUnknown({ reason: `${path} cannot be read: ${codeOf(cause)}` })
  })

const pieceSize = 64 * 1024

/** A whole line of a table of TCP sockets about one that does not listen. */
const connectionLine = /^ *\d+: \S+ \S+ (?!0A )\S+ .*\n/m

/** The beginning of a table of sockets, with all that listen: the kernel lists them before the connections, which may be many. */
const readListening = (path: string): string => {
  if (!path.includes("/tcp")) return fs.readFileSync(path, "latin1")
  const file = fs.openSync(path, "r")
  try {
    const piece = Buffer.alloc(pieceSize)
    let text = ""
    for (;;) {
      const length = fs.readSync(file, piece)
      text += piece.toString("latin1", 0, length)
      if (length === 0 || connectionLine.test(text)) return text
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
  const tables = yield* Effect.forEach(tablesFor(address), (path) => readFrom(path, readTable))
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
  readFrom(`/proc/${pid}/fd`, (folder): Held => {
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

const pids = readFrom("/proc", (folder) =>
  fs
    .readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
)

/** The session that a process belongs to: field 6 of its stat, which counts from the last `)`. */
const sessionOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])

const isInSession = (session: number) => (pid: number) =>
  Effect.match(
    readFrom(`/proc/${pid}/stat`, (path) => fs.readFileSync(path, "latin1")),
    { onFailure: () => false, onSuccess: (stat) => sessionOf(stat) === session }
  )

const nameOf = (pid: number) =>
  Effect.match(
    readFrom(`/proc/${pid}/comm`, (path) => fs.readFileSync(path, "utf8")),
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

/** Those of the sockets that Envoy has open. It leads a session of its own: a script in its place may have started it as a child. */
const heldByEnvoy = Effect.fnUntraced(function* (pid: number, inodes: ReadonlyArray<string>) {
  const { isEnding, sockets } = yield* heldBy(pid, inodes)
  if (isEnding) return yield* new OwnerUnknown({ reason: `process ${pid} is ending` })
  const own = new Set(sockets)
  if (own.size > 0) return own
  for (const member of yield* Effect.filter(yield* pids, isInSession(pid))) {
    for (const inode of (yield* heldBy(member, inodes)).sockets) own.add(inode)
  }
  return own
})

/** The sockets of another program; none where they are the agent's Envoy's, which runs with this pid. */
const othersAmong = Effect.fnUntraced(function* (
  inodes: ReadonlyArray<string>,
  envoy: number | undefined,
  address: AdminAddress
) {
  const own = envoy === undefined ? new Set<string>() : yield* heldByEnvoy(envoy, inodes)
  const others = inodes.filter((inode) => !own.has(inode))
  // Of two sockets under one path, one has lost its file, and nobody tells which. Of two on one port, each gets connections.
  if (own.size > 0 && others.length > 0 && address._tag === "Unix") {
    return yield* new OwnerUnknown({ reason: "another program listens there too" })
  }
  return others
})

export const AdminListenerLive = Layer.effect(
  AdminListener,
  Effect.gen(function* () {
    const { admin } = yield* Bootstrap
    const envoy = yield* EnvoyProcess
    /** The program that was found last: to find one takes a look at every process. */
    const lastFound = yield* Ref.make<Listener | undefined>(undefined)

    const otherProgram = Effect.fnUntraced(function* (inodes: ReadonlyArray<string>) {
      const socket = inodes.join()
      const last = yield* Ref.get(lastFound)
      if (last?._tag === "OtherProgram" && last.socket === socket) return last
      const found: Listener = { _tag: "OtherProgram", program: yield* programWith(inodes), socket }
      yield* Ref.set(lastFound, found)
      return found
    })

    const listener = Effect.gen(function* () {
      const state = yield* envoy.state
      const pid = state._tag === "Running" || state._tag === "Draining" ? state.pid : undefined
      const inodes = yield* inodesAt(admin)
      if (inodes.length === 0) return { _tag: "Nobody" } satisfies Listener
      const others = yield* othersAmong(inodes, pid, admin)
      return others.length === 0 ? ({ _tag: "OwnEnvoy" } satisfies Listener) : yield* otherProgram(others)
    }).pipe(
      Effect.catchTag("OwnerUnknown", ({ reason }) => Effect.succeed<Listener>({ _tag: "Unknown", reason })),
      Effect.withSpan("AdminListener.listener")
    )
    const socketFile =
      admin._tag === "Tcp"
        ? Effect.succeed("")
        : Effect.match(
            readFrom(admin.path, (path) => fs.statSync(path)),
            { onFailure: () => "", onSuccess: ({ dev, ino }) => `${dev}:${ino}` }
          )
    return AdminListener.of({ listener, socketFile })
  })
)
