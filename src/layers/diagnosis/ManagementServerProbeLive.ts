import type { Socket } from "node:net"
import { Effect, Layer, Option } from "effect"
import { Bootstrap, type ManagementServerAddress } from "../../services/Bootstrap.ts"
import { ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { openAdsStream } from "./adsStream.ts"
import { connectTcp, connectUnix } from "./connect.ts"
import { describeConnectError, formatAddress } from "./connectionCause.ts"
import { ProbeError } from "./ProbeError.ts"
import { readOptionalFile } from "./readFile.ts"
import { describeRefusal } from "./streamRefusal.ts"
import { connectTls } from "./tls.ts"

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
const isHeaderValue = (text: string) => /^[\x21-\x7e]+$/.test(text)

const readToken = Effect.fnUntraced(function* (path: string | undefined) {
  const token = (yield* readOptionalFile(path))?.toString("utf8")
  if (token === undefined || isHeaderValue(token)) return token
  return yield* new ProbeError({
    code: "TOKEN",
    message: `the token in ${path} (APPNET_XDS_TOKEN_FILE) cannot be sent: it is empty, or has a line break or space, maybe at its end`
  })
})

/** Opens a stream on a connection, and describes its refusal. */
const tryStream = Effect.fnUntraced(function* (server: ManagementServerAddress, socket: Socket) {
  const tls = server._tag === "Tcp" ? server.tls : undefined
  const token = yield* readToken(tls?.token)
  const authority = server._tag === "Unix" ? "localhost" : (tls?.serverName ?? server.host)
  const isRelay = server._tag === "Unix" || server.relaysTo !== undefined
  const end = yield* openAdsStream(socket, authority, token, isRelay ? relayStreamTimeout : streamTimeout)
  return Option.flatMapNullishOr(end, (end) => describeRefusal(server, end))
})

/** Returns the first problem: of the connection, of the server that a relay forwards to, then of the stream. */
const findProblem = (server: ManagementServerAddress): Effect.Effect<Option.Option<string>> =>
  Effect.gen(function* () {
    yield* Effect.logDebug(`diagnosis: connecting to ${formatAddress(server)}`)
    const socket = yield* connect(server)
    const upstreamProblem = server.relaysTo === undefined ? Option.none() : yield* findProblem(server.relaysTo)
    if (Option.isSome(upstreamProblem) || !server.streams) return upstreamProblem
    return yield* tryStream(server, socket)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("ProbeError", (error) => Effect.succeedSome(describeConnectError(server, error)))
  )

export const ManagementServerProbeLive = Layer.effect(
  ManagementServerProbe,
  Effect.gen(function* () {
    const { managementServer } = yield* Bootstrap
    const diagnose = Effect.fn("ManagementServerProbe.diagnose")(function* (server: ManagementServerAddress) {
      yield* Effect.logDebug("diagnosis: begins")
      const problem = Option.map(yield* findProblem(server), (found) => foreignLine(found))
      yield* Effect.logDebug(`diagnosis: ${Option.getOrElse(problem, () => "no problem found")}`)
      return problem
    })
    return ManagementServerProbe.of({
      diagnose: managementServer === undefined ? Effect.succeedNone : diagnose(managementServer)
    })
  })
)
