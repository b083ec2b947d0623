import type { ManagementServerAddress, TlsFiles } from "../../services/Bootstrap.ts"
import { formatHostPort } from "../../services/hostPort.ts"
import type { ProbeError } from "./ProbeError.ts"

export const formatAddress = (server: ManagementServerAddress): string =>
  server._tag === "Unix" ? `unix://${server.path}` : formatHostPort(server)

/** What is wrong and what to check, by error code. */
type CausesByCode = Readonly<Record<string, string>>

const socketCauses = (variables: string): CausesByCode => ({
  ENOENT: `the socket does not exist: check that the relay runs, and ${variables}`,
  ECONNREFUSED: "nobody listens on the socket: check that the relay runs",
  EACCES: "this user may not open the socket: check its mode and owner",
  CLOSED: "it closes the connection without an answer: check that it is the relay's socket"
})

const networkCauses = (variables: string): CausesByCode => ({
  ENOTFOUND: `DNS does not know the name: check ${variables} and the resolver`,
  EAI_AGAIN: "DNS does not answer: check the resolver",
  ECONNREFUSED: `nothing listens there: check the port in ${variables}, and that the server runs`,
  EHOSTUNREACH: "there is no route to the host: check routes and security groups",
  ENETUNREACH: "there is no route to the network: check routes",
  TIMEOUT: "the connection timed out: check routes, security groups and proxies",
  CLOSED: `it closes the connection without an answer: check the port in ${variables}, and proxies`
})

/** The codes with which OpenSSL does not trust a server's certificate. */
export const untrustedCodes: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE"
])

const tlsCause = (
  { code, message }: Pick<ProbeError, "code" | "message">,
  tls: TlsFiles,
  variables: string,
  isStandalone: boolean
): string | undefined => {
  if (untrustedCodes.has(code)) {
    return `its certificate is not trusted by ${tls.caBundle}: check APPNET_CA_BUNDLE (${code})`
  }
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired: renew it, and check this host's clock"
  if (code === "CERT_NOT_YET_VALID") return "its certificate is not valid yet: check this host's clock"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is not for ${tls.serverName}: check ${variables}${isStandalone ? ", or set APPNET_XDS_SNI" : ""} (${message})`
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return `it does not speak TLS there: check the port${isStandalone ? ", or set APPNET_XDS_MODE=grpc" : ` in ${variables}`}`
  }
  if (code.startsWith("ERR_OSSL_") && tls.certificate !== undefined) {
    return `the client certificate ${tls.certificate} cannot be used with its key ${tls.key}: check APPNET_XDS_CLIENT_CERT_FILE and APPNET_XDS_CLIENT_KEY_FILE (${code})`
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code) && isStandalone && tls.certificate === undefined) {
    return "it asks for a client certificate: set APPNET_XDS_MODE=mtls with APPNET_XDS_CLIENT_CERT_FILE and APPNET_XDS_CLIENT_KEY_FILE"
  }
  if (/ALERT|HANDSHAKE/.test(code) && tls.certificate !== undefined) {
    return `it rejects the client certificate ${tls.certificate}: check APPNET_XDS_CLIENT_CERT_FILE (${code})`
  }
  if (code === "CLOSED" && tls.certificate !== undefined) {
    return `it closes the connection without an answer, as where it rejects the client certificate ${tls.certificate}: check APPNET_XDS_CLIENT_CERT_FILE`
  }
  return undefined
}

/** What to check where a server speaks another protocol; undefined for every other error. */
const protocolCause = (server: ManagementServerAddress, { code, message }: Pick<ProbeError, "code" | "message">) => {
  if (code !== "NOT_GRPC" && code !== "SPEAKS_TLS") return undefined
  if (server._tag === "Unix") return `${message}: check that it is the relay's socket`
  const check = `check the port in ${server.namedBy.join(", ")}`
  const isPlain = server.tls === undefined && server.relaysTo === undefined
  return code === "SPEAKS_TLS" && isPlain ? `${message}: set APPNET_XDS_MODE=tls, or ${check}` : `${message}: ${check}`
}

/** One sentence that says why no connection was made, and what to check. */
export const describeConnectError = (
  server: ManagementServerAddress,
  error: Pick<ProbeError, "code" | "message">
): string => {
  const variables = server.namedBy.join(", ")
  // Over TLS, `streams` is true in standalone mode alone: in the other modes requests must be signed.
  const cause =
    protocolCause(server, error) ??
    (server._tag === "Unix"
      ? socketCauses(variables)[error.code]
      : ((server.tls && tlsCause(error, server.tls, variables, server.streams)) ??
        networkCauses(variables)[error.code]))
  return `management server ${formatAddress(server)}: ${cause ?? `${error.message} (${error.code})`}`
}
