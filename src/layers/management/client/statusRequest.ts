import * as http from "node:http"
import { formatHostPort, withoutBrackets } from "../../../services/hostPort.ts"

// One question to the running agent's `/status`. The container health check runs this module alone, every few
// seconds, so it loads nothing but Node's HTTP client: no Effect, no settings table.

/** Where the running agent's management API is. */
export type ManagementTarget =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

export type StatusAnswer =
  | { readonly _tag: "Answered"; readonly status: Readonly<Record<string, string>> }
  | { readonly _tag: "Unreachable"; readonly problem: string }

export const describeTarget = (target: ManagementTarget): string =>
  target._tag === "Unix" ? `unix:${target.path}` : formatHostPort(target)

/** The address to ask for a server bound to `address`: a wildcard is reached through loopback. */
export const tcpTarget = (address: string, port: number): ManagementTarget => {
  const host = withoutBrackets(address)
  if (host === "0.0.0.0") return { _tag: "Tcp", host: "127.0.0.1", port }
  // A server that found no IPv6 listens on 0.0.0.0 instead; `localhost` finds both.
  return { _tag: "Tcp", host: host === "::" ? "localhost" : host, port }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readStatus = (body: string): StatusAnswer => {
  try {
    const value: unknown = JSON.parse(body)
    if (isRecord(value)) {
      const texts = Object.entries(value).map(([name, field]): [string, string] => [name, `${field}`])
      return { _tag: "Answered", status: Object.fromEntries(texts) }
    }
  } catch {
    // What is no JSON is answered like what is no object.
  }
  return { _tag: "Unreachable", problem: "what answered is not the agent" }
}

const longestAnswer = 64 * 1024

/** Asks once; a problem is an answer, so this never rejects. */
export const askStatus = (target: ManagementTarget, timeoutMillis: number): Promise<StatusAnswer> => {
  const where = target._tag === "Unix" ? { socketPath: target.path } : { host: target.host, port: target.port }
  const { promise, resolve } = Promise.withResolvers<StatusAnswer>()
  const signal = AbortSignal.timeout(timeoutMillis)
  const request = http.get({ ...where, path: "/status", headers: { host: "localhost" }, agent: false, signal })
  const unreachable = (error: Error) =>
    resolve({
      _tag: "Unreachable",
      problem: signal.aborted ? `no answer in ${timeoutMillis} ms` : `${"code" in error ? error.code : error.message}`
    })
  request.once("error", unreachable)
  request.once("response", (response) => {
    let body = ""
    response.setEncoding("utf8")
    response.on("data", (part) => {
      body += part
      if (body.length > longestAnswer) request.destroy(new Error("the answer is too long"))
    })
    response.once("error", unreachable)
    response.once("end", () =>
      resolve(
        response.statusCode === 200
          ? readStatus(body)
          : { _tag: "Unreachable", problem: `/status answered ${response.statusCode}` }
      )
    )
  })
  return promise
}
