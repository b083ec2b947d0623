// A control plane behind a front end like that of AWS: it terminates TLS and HTTP/2, and checks each request's signature.
import http2 from "node:http2"
import net from "node:net"
import { type ControlPlane, type MeshResources, startControlPlane } from "../../demo/ControlPlane.ts"
import type { Issued } from "./pki.ts"
import { checkSigV4, type KnownKey, type SignedRequest, type SigV4Verdict } from "./sigV4.ts"

export interface ReceivedRequest extends SignedRequest {
  readonly verdict: SigV4Verdict
}

export interface AwsControlPlane extends ControlPlane {
  readonly port: number
  /** Every request so far, also refused ones, oldest first. */
  readonly requests: ReadonlyArray<ReceivedRequest>
  /** The value of a header of a request. */
  readonly header: (request: ReceivedRequest | undefined, name: string) => string | undefined
}

export interface AwsControlPlaneOptions {
  readonly resources: MeshResources
  /** The server's certificate. */
  readonly issued: Issued
  /** Where the socket of the control plane behind it is created. */
  readonly folder: string
  /** Looks up a temporary or long-term key by its id. */
  readonly keyOf: (accessKeyId: string) => KnownKey | undefined
  readonly region?: string
  readonly service?: string
  /** A free one by default. */
  readonly port?: number
  /** How a request is refused: `http` as AWS does, with status 403; `grpc` with status 16, UNAUTHENTICATED. */
  readonly refusal?: "http" | "grpc"
}

const pairs = (raw: ReadonlyArray<string>) =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ""] as const] : []))

const refuse = (stream: http2.ServerHttp2Stream, problem: string, refusal: "http" | "grpc") => {
  if (refusal === "http") {
    stream.respond({ ":status": 403, "content-type": "application/json" })
    stream.end(JSON.stringify({ message: problem }))
  } else {
    const head = { ":status": 200, "content-type": "application/grpc", "grpc-status": "16", "grpc-message": problem }
    stream.respond(head, { endStream: true })
  }
  stream.resume()
}

/** The headers to pass on: without those that HTTP/2 sets itself. */
const forwarded = (headers: http2.IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== ":authority" && name !== ":scheme"))

const forward = (from: http2.ServerHttp2Stream, to: http2.ClientHttp2Stream) => {
  const end = () => {
    from.destroy()
    to.destroy()
  }
  from.on("error", end)
  to.on("error", end)
  from.on("aborted", end)
  from.on("close", () => to.close())
  to.on("response", (headers, flags) => {
    if (from.destroyed) return
    const endStream = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0
    from.respond(forwarded(headers), endStream ? { endStream } : { waitForTrailers: true })
  })
  let trailers: http2.IncomingHttpHeaders = {}
  to.on("trailers", (found) => {
    trailers = found
  })
  from.on("wantTrailers", () => from.sendTrailers(forwarded(trailers)))
  to.on("close", () => {
    if (!from.writableEnded) from.close()
  })
  from.pipe(to)
  to.pipe(from)
}

export const startAwsControlPlane = async (options: AwsControlPlaneOptions): Promise<AwsControlPlane> => {
  const { issued, keyOf, refusal = "http", region = "us-west-2", resources, service = "appmesh" } = options
  const socket = `${options.folder}/behind-${process.hrtime.bigint()}.sock`
  const behind = await startControlPlane({ address: `unix://${socket}`, resources })
  const requests: Array<ReceivedRequest> = []
  const server = http2.createSecureServer({ cert: issued.certificate, key: issued.key, allowHTTP1: false })
  const sockets = new Set<net.Socket>()

  server.on("session", (session) => {
    const backend = http2.connect("http://localhost", { createConnection: () => net.connect(socket) })
    const end = () => {
      session.destroy()
      backend.destroy()
    }
    for (const one of [session, backend]) {
      one.on("error", end)
      one.on("close", end)
    }
    session.on("stream", (stream, headers, _flags, raw: ReadonlyArray<string>) => {
      stream.on("error", () => stream.destroy())
      const request = {
        method: `${headers[":method"]}`,
        path: `${headers[":path"]}`,
        headers: pairs(raw)
      }
      const verdict = checkSigV4(request, { service, region, keyOf })
      requests.push({ ...request, verdict })
      if (verdict.problem !== undefined) return refuse(stream, verdict.problem, refusal)
      forward(stream, backend.request(forwarded(headers)))
    })
  })
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  server.on("sessionError", () => {})
  server.on("tlsClientError", () => {})
  await new Promise<void>((done, failed) => {
    server.once("error", failed)
    server.listen(options.port ?? 0, "127.0.0.1", done)
  })
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : 0

  return {
    ...behind,
    address: `127.0.0.1:${port}`,
    port,
    requests,
    header: (request, name) => request?.headers.find(([key]) => key === name)?.[1],
    close: async () => {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await behind.close()
      await closed
    }
  }
}
