import { type Duration, Effect, Option, Result } from "effect"
import { foreignLine } from "../../services/foreignText.ts"
import { keepBeginning, otherProtocol } from "./answerBeginning.ts"
import type { Connection } from "./connect.ts"
import { ProbeError, toProbeError } from "./ProbeError.ts"

const adsPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"

/** The part of a body that is not gRPC's that is kept for the message. */
const longestBody = 4096

/** How a server or proxy ended the stream. */
export interface StreamEnd {
  /** 0 where there was none. */
  readonly httpStatus: number
  /** The number in `grpc-status`, as text; undefined where the answer is not gRPC's. */
  readonly grpcStatus: string | undefined
  /** One line: the text in `grpc-message`, or the beginning of a body that is not gRPC's; empty where there is none. */
  readonly message: string
}

/** A page of HTML has line breaks and indentation that say nothing. */
const bodyText = (body: string) => foreignLine(body.replace(/\s+/g, " "))

const decodeGrpcMessage = (text: string) =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text
  )

/** What the agent says of itself, so that nobody takes its stream for Envoy's. */
export interface StreamIdentity {
  readonly userAgent: string
  /** The node of the Envoy that the agent runs. It is not sent as a request: the control plane would take it for that node. */
  readonly nodeId: string | undefined
}

const closedWithoutAnswer = new ProbeError({ code: "CLOSED", message: "the connection was closed without an answer" })

/** Whether a text can be the value of a header. */
export const isHeaderValue = (text: string) => /^[\x21-\x7e]+$/.test(text)

/**
 * Opens the ADS stream that Envoy would open, and sends nothing on it. None if the server has not ended it within
 * `timeout`: a server that accepts a stream waits for the first request.
 */
export const openAdsStream = Effect.fn("openAdsStream")(function* (
  { failure, socket }: Connection,
  authority: string,
  token: string | undefined,
  { nodeId, userAgent }: StreamIdentity,
  timeout: Duration.Input
) {
  // Loaded here, since most agents never need a diagnosis.
  const http2 = yield* Effect.promise(() => import("node:http2"))
  if (socket.destroyed || socket.readableEnded) return yield* failure() ?? closedWithoutAnswer
  const { beginning, stream: connection } = keepBeginning(socket)
  // A server rejects a client certificate once the handshake is over, some of them without a word.
  const endOfConnection = () => otherProtocol(beginning()) ?? failure() ?? closedWithoutAnswer
  const end = yield* Effect.callback<StreamEnd, ProbeError>((resume) => {
    const session = http2.connect(`http://${authority}`, { createConnection: () => connection })
    const fail = (error: Error) => resume(Effect.fail(otherProtocol(beginning()) ?? toProbeError(error)))
    session.on("error", fail)
    const stream = session.request({
      ":method": "POST",
      ":path": adsPath,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": userAgent,
      ...(nodeId !== undefined && isHeaderValue(nodeId) ? { "appnet-agent-node-id": nodeId } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
    })
    let httpStatus = 0
    let body = ""
    const onHeaders = (headers: Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>) => {
      httpStatus ||= Number(headers[":status"] ?? 0)
      const status = headers["grpc-status"]
      // Without it the stream goes on, or a body follows that says more.
      if (status === undefined && (httpStatus === 200 || !stream.readableEnded)) return
      resume(
        Effect.succeed({
          httpStatus,
          grpcStatus: status === undefined ? undefined : foreignLine(`${status}`, 20),
          message: foreignLine(decodeGrpcMessage(`${headers["grpc-message"] ?? ""}`))
        })
      )
    }
    stream.on("error", fail)
    stream.on("response", onHeaders)
    stream.on("trailers", onHeaders)
    stream.setEncoding("utf8")
    stream.on("data", (part: string) => {
      if (body.length < longestBody) body += part
    })
    stream.on("end", () => {
      if (httpStatus !== 200 && httpStatus !== 0)
        resume(Effect.succeed({ httpStatus, grpcStatus: undefined, message: bodyText(body) }))
    })
    stream.on("close", () => {
      if (httpStatus === 0) resume(Effect.fail(endOfConnection()))
    })
    return Effect.sync(() => {
      stream.close()
      session.destroy()
    })
  }).pipe(Effect.timeoutOption(timeout))
  // A server of another protocol may have said too little for HTTP/2 to be sure, and wait.
  const other = Option.isNone(end) ? otherProtocol(beginning()) : undefined
  return other === undefined ? end : yield* other
})
