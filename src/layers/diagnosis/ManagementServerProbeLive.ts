import * as fsPromises from "node:fs/promises"
import * as http2 from "node:http2"
import type { Socket } from "node:net"
import * as net from "node:net"
import * as tls from "node:tls"
import { Effect, Layer, Option, Result, type Scope } from "effect"
import { Bootstrap, type ManagementServerAddress, type TlsFiles } from "../../services/Bootstrap.ts"
import { ManagementServerProbe } from "../../services/ConnectionDiagnosis.ts"
import { causeOf, type Failure, refusalOf } from "./connectionCause.ts"

const connectPatience = "3 seconds"
/** A server that takes the stream has nothing to say at first. */
const streamPatience = "1 second"
/** A relay first looks for credentials: where there are none, its Envoy takes some seconds to find out. */
const relayPatience = "10 seconds"

const adsPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"

const failureOf = (error: Error): Failure => ({
  code: "code" in error && typeof error.code === "string" ? error.code : error.name,
  message: error.message
})

const readFile = (path: string) =>
  Effect.tryPromise({
    try: () => fsPromises.readFile(path),
    catch: (error): Failure => ({
      code: error instanceof Error && "code" in error ? `${error.code}` : "unreadable",
      message: `${path} cannot be read`
    })
  })

const readOptional = (path: string | undefined) => (path === undefined ? Effect.succeed(undefined) : readFile(path))

/** Waits until a socket is open, and destroys it with the scope. */
const opened = (event: "connect" | "secureConnect", open: () => Socket): Effect.Effect<Socket, Failure, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(open), (socket) => Effect.sync(() => socket.destroy())).pipe(
    Effect.tap((socket) =>
      Effect.callback<void, Failure>((resume) => {
        socket.once(event, () => resume(Effect.void))
        socket.on("error", (error) => resume(Effect.fail(failureOf(error))))
      })
    ),
    Effect.timeoutOrElse({
      duration: connectPatience,
      orElse: () => Effect.fail<Failure>({ code: "TIMEOUT", message: `no connection in ${connectPatience}` })
    })
  )

const overTls = Effect.fnUntraced(function* (host: string, port: number, files: TlsFiles) {
  const [ca, cert, key] = yield* Effect.all([
    readFile(files.caBundle),
    readOptional(files.certificate),
    readOptional(files.key)
  ])
  // TLS knows no SNI for an address.
  const servername = net.isIP(files.serverName) === 0 ? files.serverName : ""
  return yield* opened("secureConnect", () =>
    tls.connect({
      host,
      port,
      ca,
      cert,
      key,
      servername,
      ALPNProtocols: ["h2"],
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(files.serverName, certificate)
    })
  )
})

/** gRPC sends the file as it is. */
const isHeaderValue = (text: string) => /^[\x21-\x7e]+$/.test(text)

const longestWords = 300
const inOneLine = (text: string) => text.replace(/\s+/g, " ").trim().slice(0, longestWords)

interface Answer {
  readonly httpStatus: number
  readonly status: string | undefined
  readonly message: string
}

/** Opens the stream that Envoy would open, and says nothing on it; undefined if the server waits for more. */
const openStream = (
  socket: Socket,
  authority: string,
  token: string | undefined,
  patience: typeof streamPatience | typeof relayPatience
) =>
  Effect.callback<Answer, Failure>((resume) => {
    const session = http2.connect(`http://${authority}`, { createConnection: () => socket })
    const fail = (error: Error) => resume(Effect.fail(failureOf(error)))
    session.on("error", fail)
    const stream = session.request({
      ":method": "POST",
      ":path": adsPath,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
    })
    let httpStatus = 0
    /** Words of a server that speaks no gRPC. */
    let body = ""
    const take = (headers: Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>) => {
      httpStatus ||= Number(headers[":status"] ?? 0)
      const status = headers["grpc-status"]
      if (status === undefined && (httpStatus === 200 || !stream.readableEnded)) return
      const told = `${headers["grpc-message"] ?? ""}`
      const message = Result.getOrElse(
        Result.try(() => decodeURIComponent(told)),
        () => told
      )
      resume(Effect.succeed({ httpStatus, status: status === undefined ? undefined : `${status}`, message }))
    }
    stream.on("error", fail)
    stream.on("response", take)
    stream.on("trailers", take)
    stream.setEncoding("utf8")
    stream.on("data", (part: string) => {
      if (body.length < longestWords) body += part
    })
    stream.on("end", () => {
      if (httpStatus !== 200) resume(Effect.succeed({ httpStatus, status: undefined, message: inOneLine(body) }))
    })
    return Effect.sync(() => {
      stream.close()
      session.destroy()
    })
  }).pipe(Effect.timeoutOption(patience))

const connect = ({ host, port, tls }: Extract<ManagementServerAddress, { readonly _tag: "Tcp" }>) => {
  return tls === undefined ? opened("connect", () => net.connect({ host, port })) : overTls(host, port, tls)
}

/** The first problem on the way: to the server, to what stands behind it, and with a stream. */
const probe = (server: ManagementServerAddress): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    const socket = yield* server._tag === "Unix" ? opened("connect", () => net.connect(server.path)) : connect(server)
    const behind = server.relaysTo === undefined ? undefined : yield* probe(server.relaysTo)
    if (behind !== undefined || !server.streams) return behind
    const tls = server._tag === "Tcp" ? server.tls : undefined
    const token = (yield* readOptional(tls?.token))?.toString("utf8")
    if (token !== undefined && !isHeaderValue(token)) {
      return yield* Effect.fail<Failure>({
        code: "TOKEN",
        message: `the token in ${tls?.token} (APPNET_XDS_TOKEN_FILE) cannot be sent: it is empty, or has a line break or space, maybe at its end`
      })
    }
    const authority = server._tag === "Unix" ? "localhost" : (tls?.serverName ?? server.host)
    const isRelay = server._tag === "Unix" || server.relaysTo !== undefined
    const answer = yield* openStream(socket, authority, token, isRelay ? relayPatience : streamPatience)
    return Option.isNone(answer)
      ? undefined
      : refusalOf(server, answer.value.httpStatus, answer.value.status, answer.value.message)
  }).pipe(
    Effect.scoped,
    Effect.catch((failure: Failure) => Effect.succeed(causeOf(server, failure)))
  )

export const ManagementServerProbeLive = Layer.effect(
  ManagementServerProbe,
  Effect.map(Bootstrap, ({ managementServer }) =>
    ManagementServerProbe.of({
      diagnose:
        managementServer === undefined
          ? Effect.succeedNone
          : Effect.map(probe(managementServer), Option.fromUndefinedOr)
    })
  )
)
