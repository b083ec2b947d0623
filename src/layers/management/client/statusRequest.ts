import * as http from "node:http"
import { foreignLine } from "../../../services/foreignText.ts"
import { formatHostPort, withoutBrackets } from "../../../services/hostPort.ts"
import type { ManagementSettings } from "../../../services/managementSettings.ts"

// GET /status without Effect. The container health check runs this every few seconds, so the module may import nothing but
// Node's HTTP client, services/hostPort.ts and services/foreignText.ts.

/** Where the running agent serves its management API. */
export type ManagementTarget =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

/** The fields of `/status`, or why there are none. */
export type StatusResult =
  | { readonly _tag: "Answered"; readonly status: Readonly<Record<string, string>> }
  | { readonly _tag: "Unreachable"; readonly problem: string }

/** `host:port` or `unix:/path`, for messages. */
export const describeTarget = (target: ManagementTarget): string =>
  target._tag === "Unix" ? `unix:${target.path}` : formatHostPort(target)

/** How to reach a server that is bound to `address`: a wildcard address is reached over loopback. */
export const tcpTarget = (address: string, port: number): ManagementTarget => {
  const host = withoutBrackets(address)
  if (host === "0.0.0.0") return { _tag: "Tcp", host: "127.0.0.1", port }
  // Without IPv6 the server falls back from :: to 0.0.0.0; `localhost` reaches both.
  return { _tag: "Tcp", host: host === "::" ? "localhost" : host, port }
}

/** Where an agent with these settings serves its management API; undefined if it does not. */
export const targetOf = (settings: ManagementSettings): ManagementTarget | undefined => {
  switch (settings.APPNET_AGENT_ADMIN_MODE) {
    case undefined:
      return undefined
    case "uds":
      return { _tag: "Unix", path: settings.APPNET_AGENT_ADMIN_UDS_PATH }
    case "tcp":
      return tcpTarget(settings.APPNET_AGENT_HTTP_BIND_ADDRESS, settings.APPNET_AGENT_HTTP_PORT)
  }
}

const unreachable = (problem: string): StatusResult => ({ _tag: "Unreachable", problem })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readStatus = (body: string): StatusResult => {
  const value = parseJson(body)
  if (!isRecord(value)) return unreachable("what answered is not the agent")
  // Who answers may be another program, or an agent of another version.
  const fields = Object.entries(value).map(([name, field]): [string, string] => [
    foreignLine(name),
    foreignLine(`${field}`)
  ])
  return { _tag: "Answered", status: Object.fromEntries(fields) }
}

const maxBodyLength = 64 * 1024

/** Sends one request for `/status`. The promise never rejects: a failure is a result. */
export const requestStatus = (target: ManagementTarget, timeoutMillis: number): Promise<StatusResult> => {
  const address = target._tag === "Unix" ? { socketPath: target.path } : { host: target.host, port: target.port }
  const { promise, resolve } = Promise.withResolvers<StatusResult>()
  const signal = AbortSignal.timeout(timeoutMillis)
  const request = http.get({ ...address, path: "/status", headers: { host: "localhost" }, agent: false, signal })
  const fail = (error: Error) =>
    resolve(
      unreachable(
        signal.aborted ? `no answer in ${timeoutMillis} ms` : `${"code" in error ? error.code : error.message}`
      )
    )
  request.once("error", fail)
  request.once("response", (response) => {
    let body = ""
    response.setEncoding("utf8")
    response.on("data", (part) => {
      body += part
      if (body.length > maxBodyLength) request.destroy(new Error("the answer is too long"))
    })
    response.once("error", fail)
    response.once("end", () =>
      resolve(response.statusCode === 200 ? readStatus(body) : unreachable(`/status answered ${response.statusCode}`))
    )
  })
  return promise
}
