import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import { foreignLine } from "../../services/foreignText.ts"
import { ProbeError } from "./ProbeError.ts"

/** The part of an answer that is kept for the message. */
const keptBytes = 256
/** Characters of it that are shown. */
const longestShown = 80

/** The same connection for HTTP/2, which would read past JavaScript if it had the socket, and the first bytes that came on it. */
export const keepBeginning = (socket: Socket) => {
  let kept = Buffer.alloc(0)
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    }
  })
  socket.on("data", (chunk: Buffer) => {
    if (kept.length < keptBytes) kept = Buffer.concat([kept, chunk.subarray(0, keptBytes - kept.length)])
    if (!stream.push(chunk)) socket.pause()
  })
  // HTTP/2 tells the error.
  stream.on("error", () => undefined)
  socket.on("end", () => stream.push(null))
  socket.on("error", (error) => stream.destroy(error))
  socket.on("close", () => stream.destroy())
  return { stream, beginning: () => kept }
}

const escapedByte = (byte: string) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`

/** The first line, with all but printable ASCII escaped. */
const firstLine = (bytes: Buffer) => {
  const text = bytes.toString("latin1")
  const line = /[^\r\n]+/.exec(text)?.[0] ?? text
  return foreignLine(line.replace(/[^\x20-\x7e]/g, escapedByte), longestShown)
}

const settingsFrame = 4

/** HTTP/2 of a server begins with a SETTINGS frame: three bytes of its length, which is small, then its type. */
const isHttp2 = (bytes: Buffer) => bytes[0] === 0 && (bytes.length < 4 || bytes[3] === settingsFrame)

/** An alert or a handshake. */
const isTls = (bytes: Buffer) => (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 3

export const speaksTls = new ProbeError({ code: "SPEAKS_TLS", message: "it speaks TLS there" })

/** What a server speaks instead of HTTP/2, by the first bytes of its answer; undefined where they do not show it. */
export const otherProtocol = (beginning: Buffer): ProbeError | undefined => {
  if (beginning.length === 0 || isHttp2(beginning)) return undefined
  if (isTls(beginning)) return speaksTls
  return new ProbeError({
    code: "NOT_GRPC",
    message: `it answers, but not as a gRPC server: it sent "${firstLine(beginning)}"`
  })
}
