// Clients and an upstream of a real Envoy: each request says how long its response shall take.
import http from "node:http"
import http2 from "node:http2"
import net from "node:net"
import type { ConnectionKind } from "../envoy/traffic.ts"

export interface RealConnection {
  readonly request: (duration: number) => void
  readonly close: () => void
}

export interface RealUpstream {
  readonly port: number
  readonly close: () => void
}

export const startUpstream = async (): Promise<RealUpstream> => {
  const sockets = new Set<net.Socket>()
  const server = http.createServer((request, response) => {
    const duration = Number(/\d+/.exec(request.url ?? "")?.[0] ?? 0)
    setTimeout(() => response.end("x"), duration)
  })
  server.on("connection", (socket) => sockets.add(socket.on("error", () => undefined)))
  server.on("upgrade", (_request, socket) => {
    socket.on("error", () => undefined)
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const address = server.address()
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}

/** Sends text on a socket; what comes back is not read. */
const rawConnection = (port: number, first: string, line: (duration: number) => string): RealConnection => {
  const socket = net.connect(port, "127.0.0.1")
  socket.on("error", () => undefined).on("data", () => undefined)
  if (first !== "") socket.write(first)
  return {
    request: (duration) => {
      const text = line(duration)
      if (text !== "" && !socket.destroyed) socket.write(text)
    },
    close: () => socket.destroy()
  }
}

export const connect = (port: number, kind: ConnectionKind): RealConnection => {
  switch (kind) {
    case "http1":
      return rawConnection(port, "", (duration) => `GET /${duration} HTTP/1.1\r\nhost: a\r\n\r\n`)
    case "upgrade": {
      const words = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
      return rawConnection(port, words, () => "")
    }
    case "tcp":
      return rawConnection(port, "", () => "")
    case "http2": {
      const session = http2.connect(`http://127.0.0.1:${port}`)
      session.on("error", () => undefined)
      return {
        request: (duration) => {
          if (session.closed || session.destroyed) return
          const stream = session.request({ ":path": `/${duration}` })
          stream.on("error", () => undefined).resume()
          stream.end()
        },
        close: () => session.destroy()
      }
    }
  }
}

/** So many requests a second, each on a connection of its own. */
export const flow = (port: number, perSecond: number, lasts: number): Promise<void> =>
  new Promise((done) => {
    let sent = 0
    const begun = performance.now()
    const timer = setInterval(() => {
      const passed = performance.now() - begun
      const due = Math.floor((Math.min(passed, lasts) / 1000) * perSecond)
      for (; sent < due; sent += 1) {
        http
          .get({ host: "127.0.0.1", port, path: "/0", agent: false, headers: { connection: "close" } }, (response) =>
            response.resume()
          )
          .on("error", () => undefined)
      }
      if (passed < lasts) return
      clearInterval(timer)
      done()
    }, 5)
  })
