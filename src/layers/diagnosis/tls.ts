import * as net from "node:net"
import * as tls from "node:tls"
import { Effect } from "effect"
import type { TlsFiles } from "../../services/Bootstrap.ts"
import { openSocket } from "./connect.ts"
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
