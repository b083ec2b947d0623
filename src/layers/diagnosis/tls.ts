import * as net from "node:net"
import * as tls from "node:tls"
import { Effect } from "effect"
import type { ManagementServerAddress, TlsFiles } from "../../services/Bootstrap.ts"
import { speaksTls } from "./answerBeginning.ts"
import { openSocket } from "./connect.ts"
import type { ProbeError } from "./ProbeError.ts"
import { readFile, readOptionalFile } from "./readFile.ts"

/**
 * Connects with the same certificates and checks as Envoy, and waits until the handshake is complete. `trustedRoots`: other roots
 * than those that are in the file now.
 */
export const connectTls = Effect.fn("connectTls")(function* (
  host: string,
  port: number,
  files: TlsFiles,
  trustedRoots?: string
) {
  const [ca, cert, key] = yield* Effect.all([
    trustedRoots === undefined ? readFile(files.caBundle) : Effect.succeed(trustedRoots),
    readOptionalFile(files.certificate),
    readOptionalFile(files.key)
  ])
  // SNI cannot hold an IP address.
  const servername = net.isIP(files.serverName) === 0 ? files.serverName : ""
  return yield* openSocket("secureConnect", () =>
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

/** Whether a server answers a TLS handshake. Nothing is sent to it afterwards, so its certificate does not matter. */
const answersTls = (host: string, port: number) =>
  openSocket("secureConnect", () => tls.connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] })).pipe(
    Effect.scoped,
    Effect.match({ onFailure: ({ code }) => code.includes("ALERT"), onSuccess: () => true })
  )

/** Many TLS servers close a plain connection without a word. This finds out whether that is why a server has closed one. */
export const explainClosed = Effect.fn("explainClosed")(function* (server: ManagementServerAddress, error: ProbeError) {
  const isClosed = ["CLOSED", "ECONNRESET"].includes(error.code)
  if (!isClosed || server._tag === "Unix" || server.tls !== undefined) return error
  return (yield* answersTls(server.host, server.port)) ? speaksTls : error
})
