import { Effect, Layer, Option } from "effect"
import packageJson from "../../../package.json" with { type: "json" }
import { Bootstrap, type BootstrapDocument, type ManagementServerAddress } from "../../services/Bootstrap.ts"
import { ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { isObject } from "../bootstrap/protoJson.ts"
import { isHeaderValue, openAdsStream, type StreamIdentity } from "./adsStream.ts"
import { type Connection, connectTcp, connectUnix } from "./connect.ts"
import { describeConnectError, formatAddress } from "./connectionCause.ts"
import { describeExpired, followHeldFiles } from "./heldFiles.ts"
import { ProbeError } from "./ProbeError.ts"
import { readOptionalFile } from "./readFile.ts"
import { describeRefusal } from "./streamRefusal.ts"
import { connectTls, explainClosed } from "./tls.ts"

/** A server refuses a stream at once; if it has not done so by then, it has accepted it. */
const streamTimeout = "1 second"
/** A relay's Envoy looks for AWS credentials first, and takes some seconds to find out that there are none. */
const relayStreamTimeout = "10 seconds"

const connect = (server: ManagementServerAddress) => {
  if (server._tag === "Unix") return connectUnix(server.path)
  const { host, port, tls } = server
  return tls === undefined ? connectTcp(host, port) : connectTls(host, port, tls)
}

/** Envoy sends the token as it is in the file. */
const readToken = Effect.fnUntraced(function* (path: string | undefined) {
  const token = (yield* readOptionalFile(path))?.toString("utf8")
  if (token === undefined || isHeaderValue(token)) return token
  return yield* new ProbeError({
    code: "TOKEN",
    message: `the token in ${path} (APPNET_XDS_TOKEN_FILE) cannot be sent: it is empty, or has a line break or space, maybe at its end`
  })
})

/** Opens a stream on a connection, and describes its refusal. */
const tryStream = Effect.fnUntraced(function* (
  server: ManagementServerAddress,
  connection: Connection,
  identity: StreamIdentity
) {
  const tls = server._tag === "Tcp" ? server.tls : undefined
  const token = yield* readToken(tls?.token)
  const authority = server._tag === "Unix" ? "localhost" : (tls?.serverName ?? server.host)
  const isRelay = server._tag === "Unix" || server.relaysTo !== undefined
  const end = yield* openAdsStream(connection, authority, token, identity, isRelay ? relayStreamTimeout : streamTimeout)
  return Option.flatMapNullishOr(end, (end) => describeRefusal(server, end))
})

/** A server rejects a client certificate in many ways, none of which tells that it has expired. */
const describeFailure = Effect.fnUntraced(function* (server: ManagementServerAddress, error: ProbeError) {
  const tls = server._tag === "Tcp" ? server.tls : undefined
  const isRejection = /ALERT|HANDSHAKE|RESET|CLOSED/.test(error.code)
  const expired = tls !== undefined && isRejection ? yield* describeExpired(tls) : undefined
  return expired === undefined
    ? describeConnectError(server, error)
    : `management server ${formatAddress(server)}: ${expired}`
})

/** Returns the first problem: of the connection, of the server that a relay forwards to, then of the stream. */
const findProblem = (
  server: ManagementServerAddress,
  identity: StreamIdentity,
  isNeeded: Effect.Effect<boolean>
): Effect.Effect<Option.Option<string>> =>
  Effect.gen(function* () {
    yield* Effect.logDebug(`diagnosis: connecting to ${formatAddress(server)}`)
    const connection = yield* connect(server)
    const upstreamProblem =
      server.relaysTo === undefined ? Option.none() : yield* findProblem(server.relaysTo, identity, isNeeded)
    if (Option.isSome(upstreamProblem) || !server.streams) return upstreamProblem
    if (!(yield* isNeeded)) return Option.none()
    return yield* Effect.catch(tryStream(server, connection, identity), (error) =>
      Effect.flatMap(explainClosed(server, error), Effect.fail)
    )
  }).pipe(
    Effect.scoped,
    Effect.catchTag("ProbeError", (error) => Effect.asSome(describeFailure(server, error)))
  )

const nodeIdOf = (document: BootstrapDocument): string | undefined => {
  const node = document._tag === "Generated" ? document.value.node : undefined
  return isObject(node) && typeof node.id === "string" ? node.id : undefined
}

export const ManagementServerProbeLive = Layer.effect(
  ManagementServerProbe,
  Effect.gen(function* () {
    const { document, managementServer } = yield* Bootstrap
    const identity = { userAgent: `appnet-agent/${packageJson.version}`, nodeId: nodeIdOf(document) }
    // A relay's files are those of another process, and a stream through it tries them.
    const direct =
      managementServer?._tag === "Tcp" && managementServer.relaysTo === undefined ? managementServer : undefined
    const heldProblem = direct?.tls === undefined ? Effect.succeedNone : yield* followHeldFiles(direct, direct.tls)
    const diagnose = Effect.fn("ManagementServerProbe.diagnose")(function* (
      server: ManagementServerAddress,
      isNeeded: Effect.Effect<boolean>
    ) {
      yield* Effect.logDebug("diagnosis: begins")
      const own = yield* findProblem(server, identity, isNeeded)
      const isUnexplained = Option.isNone(own) && (yield* isNeeded)
      const problem = Option.map(isUnexplained ? yield* heldProblem : own, (found) => foreignLine(found))
      yield* Effect.logDebug(`diagnosis: ${Option.getOrElse(problem, () => "no problem found")}`)
      return problem
    })
    return ManagementServerProbe.of({
      diagnose: (isNeeded) =>
        managementServer === undefined ? Effect.succeedNone : diagnose(managementServer, isNeeded)
    })
  })
)
