import http from "node:http"
import net from "node:net"
import { now } from "./timing.ts"

export const freePort = async (): Promise<number> => {
  const server = net.createServer()
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (typeof address !== "object" || address === null) throw new Error("no port is free")
  return address.port
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** When its end came, on the clock of `now`. */
  readonly at: number
}

const request = (port: number, path: string, onData: (part: Buffer) => void) =>
  new Promise<http.IncomingMessage>((resolve, reject) => {
    http
      .get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
        response.on("data", onData)
        response.on("end", () => resolve(response))
        response.on("error", reject)
      })
      .on("error", reject)
  })

/** One request on a connection of its own; `undefined` if nobody answers. */
export const get = async (port: number, path: string): Promise<Answer | undefined> => {
  let body = ""
  try {
    const { headers, statusCode = 0 } = await request(port, path, (part) => {
      body += part
    })
    return { status: statusCode, headers, body, at: now() }
  } catch {
    return undefined
  }
}

/** Reads an answer without keeping its body; answers the milliseconds that this took. */
export const readThrough = async (port: number, path: string) => {
  const began = performance.now()
  const { headers, statusCode = 0 } = await request(port, path, () => undefined)
  return { status: statusCode, headers, milliseconds: performance.now() - began }
}
