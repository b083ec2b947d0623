import { Clock, Data, Duration, Effect, Layer, Ref, Semaphore, Stream } from "effect"
import { AdminError, type ServerInfo } from "../../services/AdminClient.ts"
import { AdminListener, type Listener } from "../../services/AdminListener.ts"
import { type AdminAddress, Bootstrap, type BootstrapDocument, BootstrapFile } from "../../services/Bootstrap.ts"
import { EnvoyProcess, type EnvoyState } from "../../services/EnvoyProcess.ts"
import { EnvoyRole, nameOf, type Role } from "../../services/EnvoyRole.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { formatHostPort } from "../../services/hostPort.ts"
import { OwnEnvoy } from "../../services/OwnEnvoy.ts"
import type { SettingName } from "../../services/Settings.ts"

/** What answers at the address of Envoy's admin is not this agent's Envoy. */
class Foreign extends Data.TaggedError("Foreign")<{ readonly problem: string; readonly socket?: string }> {}

/** What was found out about the address, for one life of Envoy. */
type Verdict =
  /** TCP leads to the same process until that ends. A socket file may be replaced: then it has another name. */
  | { readonly _tag: "Own"; readonly epoch: number; readonly socketFile: string }
  | {
      readonly _tag: "Foreign"
      readonly epoch: number
      readonly problem: string
      /** When it was found, on the monotonic clock. */
      readonly at: bigint
      /** The other program's socket, where /proc told. */
      readonly socket: string | undefined
    }

/** How long it counts that another program listens, before /proc is searched again. */
const foreignFor = Duration.toNanosUnsafe(Duration.millis(500))

/** How long a program that is not the agent's Envoy may take for an account of itself. */
const accountTimeout = Duration.seconds(1)

/** Milliseconds by which two readings of one time may differ: Envoy counts whole seconds. */
const startTolerance = 2000

const formatAddress = (address: AdminAddress) => (address._tag === "Unix" ? address.path : formatHostPort(address))

/** Since when an Envoy runs, by its own count; undefined where that is no number of seconds. */
const startOf = ({ uptime_current_epoch }: ServerInfo, now: number): number | undefined => {
  const [, seconds] = /^(\d+)s$/.exec(uptime_current_epoch) ?? []
  return seconds === undefined ? undefined : now - Number(seconds) * 1000
}

/** The setting to change where the address is taken. */
const variableOf = (address: AdminAddress, document: BootstrapDocument, role: Role): SettingName => {
  if (document._tag === "Custom") return "ENVOY_CONFIG_FILE"
  if (role === "local relay") return "APPNET_LOCAL_RELAY_ADMIN_PORT"
  return address._tag === "Unix" ? "APPNET_ENVOY_ADMIN_UDS_PATH" : "ENVOY_ADMIN_ACCESS_PORT"
}

/** The check itself asks no endpoint: it is about the one that is to be asked. */
const unreachable = (detail: string) => new AdminError({ endpoint: "", reason: "unreachable", detail })

const hasProcess = ({ _tag }: EnvoyState) => _tag === "Running" || _tag === "Draining"

/**
 * /proc tells for certain whose socket it is. Where this user may not look, Envoy's own account of the file that it was started
 * with tells, since no other Envoy has a generated one.
 */
export const OwnEnvoyLive = Layer.effect(
  OwnEnvoy,
  Effect.gen(function* () {
    const { admin, document } = yield* Bootstrap
    const bootstrapFile = yield* BootstrapFile
    const envoy = yield* EnvoyProcess
    const { listener, socketFile } = yield* AdminListener
    const role = yield* EnvoyRole
    const name = nameOf(role)
    const address = formatAddress(admin)
    const variable = variableOf(admin, document, role)
    const verdict = yield* Ref.make<Verdict | undefined>(undefined)
    const warnedEpoch = yield* Ref.make(-1)
    const oneAtATime = yield* Semaphore.make(1)

    const programName = (found: Listener) =>
      found._tag === "OtherProgram" && found.program !== undefined
        ? `another program (${found.program})`
        : "another program"

    const warnOnce = Effect.fnUntraced(function* (epoch: number, text: string) {
      const isNew = yield* Ref.modify(warnedEpoch, (warned) => [warned !== epoch, epoch])
      if (isNew) yield* Effect.logWarning(text)
    })

    /** Succeeds where the Envoy that gave this account of itself is this agent's. */
    const judgeAccount = Effect.fnUntraced(function* (info: ServerInfo, state: EnvoyState, found: Listener) {
      const path = info.command_line_options.config_path
      if (path !== (yield* bootstrapFile.path)) {
        const problem = `another Envoy (started with -c ${foreignLine(path)}) answers at the address of its admin, ${address}`
        return yield* new Foreign({ problem })
      }
      // The path of a generated bootstrap is of this agent alone.
      if (document._tag === "Generated") return
      const since = startOf(info, yield* Clock.currentTimeMillis)
      if (state._tag === "Running" && since !== undefined && since < state.since - startTolerance) {
        return yield* new Foreign({ problem: `an older Envoy answers at the address of its admin, ${address}` })
      }
      const reason = found._tag === "Unknown" ? found.reason : "its socket is not in /proc"
      yield* Effect.logInfo(`whether the Envoy at ${address} is this agent's is not certain: ${reason}`)
    })

    const identify = Effect.fnUntraced(function* (
      state: EnvoyState,
      serverInfo: Effect.Effect<ServerInfo, AdminError>
    ) {
      const found = yield* listener
      yield* Effect.logDebug(`${name}'s admin address ${address}: ${found._tag}`)
      if (found._tag === "OwnEnvoy") return
      if (found._tag !== "OtherProgram") {
        if (!hasProcess(state)) return yield* unreachable("Envoy does not run")
        const info = yield* serverInfo
        // Who answers though nobody listened may have begun to listen after the look.
        const now = found._tag === "Nobody" ? yield* listener : found
        if (now._tag === "OwnEnvoy") return
        if (now._tag === "OtherProgram") return yield* unreachable("a program has just begun to listen there")
        return yield* judgeAccount(info, state, now)
      }
      const { socket } = found
      const problem = `${programName(found)} listens on the address of Envoy's admin, ${address}`
      const foreign = new Foreign({ problem, socket })
      const known = yield* Ref.get(verdict)
      const isKnown = known?._tag === "Foreign" && known.epoch === state.epoch && known.socket === socket
      if (!hasProcess(state) || isKnown || document._tag !== "Generated") return yield* foreign
      // Some sandboxes number sockets in their own way, so a bootstrap of this agent alone outweighs /proc.
      yield* serverInfo.pipe(
        Effect.flatMap((info) => judgeAccount(info, state, found)),
        Effect.timeoutOrElse({ duration: accountTimeout, orElse: () => Effect.fail(foreign) }),
        Effect.mapError(() => foreign)
      )
    })

    const current = Effect.fnUntraced(function* (epoch: number) {
      const known = yield* Ref.get(verdict)
      if (known?.epoch !== epoch) return undefined
      if (known._tag === "Foreign") {
        return (yield* Clock.monotonicTimeNanos) - known.at < foreignFor ? known : undefined
      }
      const file = yield* socketFile
      // Without the file, Envoy cannot be reached: the request itself will say so.
      if (file === known.socketFile || file === "") return known
      const problem = `another program has replaced the socket of Envoy's admin, ${address}`
      return { _tag: "Foreign", epoch, problem, at: 0n, socket: undefined } satisfies Verdict
    })

    /** Finds out whose address it is, unless that is known. */
    const settle = Effect.fnUntraced(function* (serverInfo: Effect.Effect<ServerInfo, AdminError>) {
      const state = yield* envoy.state
      const known = yield* current(state.epoch)
      if (known?._tag === "Foreign") return yield* new Foreign({ problem: known.problem })
      if (known?._tag === "Own" && hasProcess(state)) return
      const file = yield* socketFile
      const { epoch } = state
      yield* identify(state, serverInfo).pipe(
        Effect.andThen(socketFile),
        // Envoy replaces the file of an earlier one: then it is not certain which of them was looked at.
        Effect.filterOrFail(
          (now) => now === file,
          () => unreachable("its socket has just been replaced")
        ),
        Effect.tap(() => Ref.set<Verdict | undefined>(verdict, { _tag: "Own", epoch, socketFile: file })),
        Effect.tapErrorTag("Foreign", ({ problem, socket }) =>
          Effect.flatMap(Clock.monotonicTimeNanos, (at) =>
            Ref.set<Verdict | undefined>(verdict, { _tag: "Foreign", epoch, problem, at, socket })
          )
        )
      )
    }, oneAtATime.withPermit)

    // Envoy ends by itself where it cannot listen, and says so in its own log alone. On a live socket it is not started at all.
    const warnBeforeStart = Effect.fnUntraced(function* (state: EnvoyState) {
      if (state._tag !== "Starting" || admin._tag === "Unix") return
      const found = yield* listener
      if (found._tag !== "OtherProgram" || (yield* envoy.state) !== state) return
      const who = programName(found)
      const text = `${who} listens on the address of ${name}'s admin, ${address} (${variable}): ${name} ends if it cannot listen there too`
      yield* warnOnce(state.epoch, text)
    })
    yield* envoy.changes.pipe(Stream.runForEach(warnBeforeStart), Effect.forkScoped)

    return OwnEnvoy.of({
      check: (endpoint, serverInfo) =>
        settle(serverInfo).pipe(
          Effect.catchTag("Foreign", ({ problem }) =>
            Effect.gen(function* () {
              const { epoch } = yield* envoy.state
              yield* warnOnce(epoch, `${problem}: nothing is asked of it`)
              return yield* new AdminError({ endpoint, reason: "foreign", detail: problem })
            })
          ),
          Effect.mapError(({ detail, reason }) => new AdminError({ endpoint, reason, detail })),
          Effect.withSpan("OwnEnvoy.check")
        )
    })
  })
)
