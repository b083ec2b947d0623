import type { ManagementServerAddress, TlsFiles } from "../../services/Bootstrap.ts"
import { formatHostPort } from "../../services/hostPort.ts"

/** What a step of the way to the management server ended with. */
export interface Failure {
  /** Node's code, or what there is instead. */
  readonly code: string
  readonly message: string
}

const described = (server: ManagementServerAddress) =>
  server._tag === "Unix" ? `unix://${server.path}` : formatHostPort(server)

const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE"
])

type Causes = Readonly<Record<string, string>>

const ofSocket = (variables: string): Causes => ({
  ENOENT: `the socket does not exist: check that the relay runs, and ${variables}`,
  ECONNREFUSED: "nobody listens on the socket: check that the relay runs",
  EACCES: "this user may not open the socket: check its mode and owner"
})

const ofNetwork = (variables: string): Causes => ({
  ENOTFOUND: `DNS does not know the name: check ${variables} and the resolver`,
  EAI_AGAIN: "DNS does not answer: check the resolver",
  ECONNREFUSED: `nothing listens there: check the port in ${variables}, and that the server runs`,
  EHOSTUNREACH: "there is no way to the host: check routes and security groups",
  ENETUNREACH: "there is no way to the network: check routes",
  TIMEOUT: "the connection takes too long: check routes, security groups and proxies"
})

const ofTls = (
  { code, message }: Failure,
  tls: TlsFiles,
  variables: string,
  standalone: boolean
): string | undefined => {
  if (untrusted.has(code)) {
    return `its certificate is not trusted by ${tls.caBundle}: check APPNET_CA_BUNDLE (${code})`
  }
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired: renew it, and check this host's clock"
  if (code === "CERT_NOT_YET_VALID") return "its certificate is not valid yet: check this host's clock"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is not for ${tls.serverName}: check ${variables}${standalone ? ", or set APPNET_XDS_SNI" : ""} (${message})`
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return `it does not speak TLS there: check the port${standalone ? ", or set APPNET_XDS_MODE=grpc" : ` in ${variables}`}`
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code) && standalone && tls.certificate === undefined) {
    return "it asks for a client certificate: set APPNET_XDS_MODE=mtls with APPNET_XDS_CLIENT_CERT_FILE and APPNET_XDS_CLIENT_KEY_FILE"
  }
  if (/ALERT|HANDSHAKE/.test(code) && tls.certificate !== undefined) {
    return `it does not take the client certificate ${tls.certificate}: check APPNET_XDS_CLIENT_CERT_FILE (${code})`
  }
  return undefined
}

/** What stands in the way, and what to check. */
export const causeOf = (server: ManagementServerAddress, failure: Failure): string => {
  const variables = server.namedBy.join(", ")
  // Where requests are signed, a relay opens the streams, and the agent none.
  const ofServer =
    server._tag === "Unix" || server.tls === undefined
      ? undefined
      : ofTls(failure, server.tls, variables, server.streams)
  const known = ofServer ?? (server._tag === "Unix" ? ofSocket : ofNetwork)(variables)[failure.code]
  return `management server ${described(server)}: ${known ?? `${failure.message} (${failure.code})`}`
}

const grpcStatus: Causes = {
  "7": "PERMISSION_DENIED",
  "12": "UNIMPLEMENTED",
  "14": "UNAVAILABLE",
  "16": "UNAUTHENTICATED"
}

const noPermission = ["7", "16"]

/** What a relay's Envoy says of the server behind it, by parts of its words. */
const behindRelay: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /CERTIFICATE_VERIFY_FAILED/,
    "the relay does not trust the certificate: check the relay's APPNET_CA_BUNDLE and domain"
  ],
  [/TLS_error|WRONG_VERSION_NUMBER/, "the relay cannot agree on TLS: check the relay's APPNET_MANAGEMENT_PORT"],
  [/no healthy upstream/, "the relay finds no address: check the relay's APPNET_MANAGEMENT_DOMAIN_NAME and its DNS"],
  [
    /connection (failure|timeout)|connect error|refused/,
    "the relay cannot reach the management server: check the relay's APPNET_MANAGEMENT_DOMAIN_NAME and APPNET_MANAGEMENT_PORT, and its network"
  ]
]

const credentials =
  "check the AWS credentials that the relay signs with: whether there are any, whether they have expired, and what they permit; AWS_REGION and APPMESH_SIGNING_NAME; and this host's clock"

const adviceFor = (server: ManagementServerAddress, status: string, message: string): string => {
  const file = server._tag === "Tcp" ? server.tls?.token : undefined
  const relayed = server._tag === "Unix" || server.relaysTo !== undefined
  if (noPermission.includes(status)) {
    if (relayed) return `: ${credentials}`
    return `: check ${file === undefined ? "whether it needs a token (APPNET_XDS_TOKEN_FILE)" : `the token in ${file} (APPNET_XDS_TOKEN_FILE)`}`
  }
  if (status === "12") return ": it serves no aggregated discovery (ADS) there"
  const found = relayed ? behindRelay.find(([words]) => words.test(message)) : undefined
  return found === undefined ? "" : `: ${found[1]}`
}

/** Why the server refused a stream, as it said itself; undefined if it did not refuse. */
export const refusalOf = (
  server: ManagementServerAddress,
  httpStatus: number,
  status: string | undefined,
  message: string
): string | undefined => {
  const name =
    server.relaysTo === undefined
      ? described(server)
      : `${described(server.relaysTo)}, through the relay at ${described(server)}`
  const said = message === "" ? "" : `: ${message}`
  if (httpStatus === 401 || httpStatus === 403) {
    return `management server ${name}: it refuses the stream with HTTP status ${httpStatus}${said}${adviceFor(server, "16", "")}`
  }
  if (httpStatus !== 200) {
    return `management server ${name}: it answers HTTP status ${httpStatus}${said}: is it a gRPC server?`
  }
  if (status === undefined || status === "0") return undefined
  return `management server ${name}: it refuses the stream with ${grpcStatus[status] ?? `gRPC status ${status}`}${said}${adviceFor(server, status, message)}`
}
