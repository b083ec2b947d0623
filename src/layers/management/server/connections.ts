import { EventEmitter } from "node:events"
import { IncomingMessage, type Server, ServerResponse, STATUS_CODES } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { answerHeaders } from "./answerHeaders.ts"
import type { CutOff } from "./cutOffs.ts"
import { shownAddress } from "./requester.ts"
import { printablePath } from "./requestPath.ts"

/** How long a client may take what was written for it without taking any of it. */
const stalledAfterNanos = 10_000_000_000n
/** How long a connection that is being ended stays open for the client to read the last answer. */
const closingMillis = 500

/** Requests that may wait on one connection, or come in one piece. Hardly any client sends more than one. */
const maxWaiting = 64
/** The same for all connections together: each request that waits takes some kilobytes. */
const maxWaitingInAll = 1000

const endOfHeaders = "\r\n\r\n"

/** Whether a piece holds more requests than this. They are counted before Node makes an object of each. */
const hasMoreRequests = (piece: Buffer, limit: number) => {
  let count = 0
  for (let at = piece.indexOf(endOfHeaders); at !== -1; at = piece.indexOf(endOfHeaders, at + 1)) {
    count += 1
    if (count > limit) return true
  }
  return false
}

interface Connection {
  /** The answer that is being made or sent. */
  current: ServerResponse | undefined
  /** Starts the next requests, which came in one piece with this one. */
  readonly waiting: Array<() => void>
  /** Called once no answer is left. */
  whenIdle: (() => void) | undefined
  /** Bytes that wait for the client, and since when there has been no progress (monotonic nanoseconds). */
  unsent: number
  written: number
  progressAt: bigint | undefined
  /** Bytes that were written before the current answer. */
  writtenBefore: number
}

const numberOf = (object: object, name: string): number | undefined => {
  const value: unknown = Reflect.get(object, name)
  return typeof value === "number" ? value : undefined
}

/** Bytes that Node has handed on, whether or not the kernel has taken them: `bytesWritten` counts what waits in Node too. */
const handedOn = (socket: Socket): number => numberOf(socket, "_bytesDispatched") ?? socket.bytesWritten

/** Bytes that the kernel has not taken yet. Node has no documented name for it, and goes by it itself in its time-outs. */
const queuedBytes = (socket: Socket): number => {
  const handle: unknown = Reflect.get(socket, "_handle")
  return typeof handle === "object" && handle !== null ? (numberOf(handle, "writeQueueSize") ?? 0) : 0
}

const describeStalled = (socket: Socket, { current, writtenBefore }: Connection, stalledFor: bigint): CutOff => ({
  address: socket.remoteAddress === undefined ? undefined : shownAddress(socket.remoteAddress),
  path: current?.req.url === undefined ? undefined : printablePath(current.req.url),
  seconds: Math.floor(Number(stalledFor / 1_000_000_000n)),
  sent: Math.max(0, handedOn(socket) - queuedBytes(socket) - writtenBefore)
})

const reasons: Readonly<Record<number, string>> = {
  400: "this is no HTTP request that the agent understands",
  405: "CONNECT is not allowed",
  408: "the request did not arrive in time",
  413: "the request is too large",
  431: "the headers of this request are larger than 16 KB"
}

const statusOf = (error: Error): number => {
  switch ("code" in error ? error.code : undefined) {
    case "HPE_HEADER_OVERFLOW":
      return 431
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 408
    default:
      return 400
  }
}

/** An answer to what is no request, as bytes: there is no response object to write it with. */
const rawAnswer = (status: number) => {
  const body = `${reasons[status] ?? STATUS_CODES[status]}\n`
  const headers = {
    ...answerHeaders,
    "content-type": "text/plain",
    "content-length": body.length,
    connection: "close"
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join("\r\n")}\r\n\r\n${body}`
}

/** Node itself would answer without a word. */
const refuseWithoutHost = (response: ServerResponse) => {
  response.shouldKeepAlive = false
  response.writeHead(400, { "content-type": "text/plain" }).end("an HTTP/1.1 request needs a Host\n")
}

export interface Connections {
  /** Ends connections whose client has taken nothing of what waits for it, and tells which. To be called each second. */
  readonly endStalled: (now: bigint) => ReadonlyArray<CutOff>
}

/**
 * Watches a server's connections, so that none is open without end and none keeps the others out:
 *
 * - Beyond `limit`, a new connection replaces the one that has been without a request for the longest time.
 * - Requests that come in one piece are answered one after the other, and other connections have their turn in between. One
 *   that sends more than a few at once is ended.
 * - One whose client does not read is ended.
 * - What is no request is answered after the answers that are still on their way, and ends the connection.
 */
export const watchConnections = (server: Server, limit: number): Connections => {
  /** In the order of their last requests. */
  const open = new Map<Socket, Connection>()
  let waitingInAll = 0

  const endOldest = () => {
    for (const [socket, { current }] of open) {
      if (current !== undefined && !current.writableEnded) continue
      socket.destroy()
      open.delete(socket)
      return
    }
  }

  server.on("connection", (socket: Socket) => {
    const connection: Connection = {
      current: undefined,
      waiting: [],
      whenIdle: undefined,
      unsent: 0,
      written: 0,
      progressAt: undefined,
      writtenBefore: 0
    }
    open.set(socket, connection)
    socket.once("close", () => {
      open.delete(socket)
      waitingInAll -= connection.waiting.length
      connection.waiting.length = 0
    })
    // Before Node's own listener, whose parser stops at the first zero.
    socket.prependListener("data", (piece: Buffer) => {
      if (!hasMoreRequests(piece, Math.min(maxWaiting, 1 + maxWaitingInAll - waitingInAll))) return
      socket.destroy()
      piece.fill(0)
    })
    if (open.size > limit) endOldest()
  })

  const startNext = (connection: Connection) => {
    const start = connection.waiting.shift()
    // Until the next one starts, this one stands for it: a request that arrives meanwhile has to wait.
    if (start !== undefined) {
      waitingInAll -= 1
      return void setImmediate(start)
    }
    connection.current = undefined
    connection.whenIdle?.()
  }

  const emit = (event: string | symbol, ...parameters: ReadonlyArray<unknown>): boolean =>
    EventEmitter.prototype.emit.call(server, event, ...parameters)

  /** Hands a request on, once those before it on its connection are answered. */
  const admit = (event: "request" | "checkContinue", request: IncomingMessage, response: ServerResponse) => {
    const { headers, socket } = request
    // Node drops what came in one piece with a request for an upgrade, so the client must begin anew.
    if (headers.upgrade !== undefined) response.shouldKeepAlive = false
    const connection = open.get(socket)
    if (connection === undefined) return void socket.destroy()
    open.delete(socket)
    open.set(socket, connection)
    const start = () => {
      connection.current = response
      connection.writtenBefore = socket.bytesWritten
      if (response.destroyed || socket.destroyed) return startNext(connection)
      response.once("close", () => startNext(connection))
      if (request.httpVersion === "1.1" && headers.host === undefined) refuseWithoutHost(response)
      else emit(event, request, response)
    }
    if (connection.current === undefined) start()
    else if (connection.waiting.length < maxWaiting && waitingInAll < maxWaitingInAll) {
      waitingInAll += 1
      connection.waiting.push(start)
    } else {
      open.delete(socket)
      socket.destroy()
    }
  }

  Object.assign(server, {
    emit: (event: string | symbol, ...parameters: ReadonlyArray<unknown>): boolean => {
      const [request, response] = parameters
      if (request instanceof IncomingMessage && response instanceof ServerResponse) {
        admit(event === "checkContinue" ? event : "request", request, response)
        return true
      }
      return emit(event, ...parameters)
    }
  })

  const refuse = (socket: Duplex, status: number) => {
    if (!(socket instanceof Socket) || !socket.writable) return void socket.destroy()
    const connection = open.get(socket)
    // An error is told once, and not in front of answers that are still on their way.
    if (connection?.whenIdle !== undefined) return
    const answer = () => {
      socket.pause()
      socket.on("error", () => undefined)
      socket.setTimeout(closingMillis, () => socket.destroy())
      socket.end(rawAnswer(status))
    }
    if (connection === undefined) return answer()
    connection.whenIdle = answer
    if (connection.current === undefined) answer()
  }
  // An expectation that nobody knows is ignored, and the request answered as usual. Without a listener, Node answers 417.
  server.on("checkExpectation", () => undefined)
  server.on("clientError", (error, socket) => refuse(socket, statusOf(error)))
  server.on("connect", (_request, socket) => refuse(socket, 405))

  // A connection that is handed over to another protocol has no time-out. Without a listener, Node answers as usual.
  server.on("newListener", (event) => {
    if (event === "upgrade") queueMicrotask(() => server.removeAllListeners("upgrade"))
  })

  return {
    endStalled: (now) => {
      const ended: Array<CutOff> = []
      for (const [socket, connection] of open) {
        const unsent = socket.writableLength + queuedBytes(socket)
        const written = socket.bytesWritten
        const isProgress = unsent < connection.unsent || written !== connection.written
        if (unsent === 0 || isProgress || connection.progressAt === undefined) connection.progressAt = now
        connection.unsent = unsent
        connection.written = written
        const stalledFor = now - connection.progressAt
        if (socket.destroyed || stalledFor < stalledAfterNanos) continue
        ended.push(describeStalled(socket, connection, stalledFor))
        socket.destroy()
      }
      return ended
    }
  }
}
