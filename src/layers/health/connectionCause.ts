import type { ManagementServerAddress, TlsFiles } from "../../services/Bootstrap.ts"

/** What a step of the way to the management server ended with. */
export interface Failure {
  /** Node's code, or what there is instead. */
  readonly code: string
  readonly message: string
}

const described = (server: ManagementServerAddress) =>
  server._tag === "Unix"
    ? `unix://${server.path}`
    : `${server.host.includes(":") ? `[${server.host}]` : server.host}:${server.port}`

const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE"
])

const ofSocket: Readonly<Record<string, string>> = {
  ENOENT: "the socket does not exist: check that the relay runs, and APPMESH_XDS_ENDPOINT",
  ECONNREFUSED: "nobody listens on the socket: check that the relay runs",
  EACCES: "this user may not open the socket: check its mode and owner"
}

const ofNetwork: Readonly<Record<string, string>> = {
  ENOTFOUND: "DNS does not know the name: check APPMESH_XDS_ENDPOINT and the resolver",
  EAI_AGAIN: "DNS does not answer: check the resolver",
  ECONNREFUSED: "nothing listens there: check the port in APPMESH_XDS_ENDPOINT, and that the server runs",
  EHOSTUNREACH: "there is no way to the host: check routes and security groups",
  ENETUNREACH: "there is no way to the network: check routes",
  TIMEOUT: "the connection takes too long: check routes, security groups and proxies"
}

const ofTls = ({ code, message }: Failure, tls: TlsFiles): string | undefined => {
  if (untrusted.has(code)) {
    return `its certificate is not trusted by ${tls.caBundle}: check APPNET_CA_BUNDLE (${code})`
  }
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired: renew it, and check this host's clock"
  if (code === "CERT_NOT_YET_VALID") return "its certificate is not valid yet: check this host's clock"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is not for ${tls.serverName}: check APPMESH_XDS_ENDPOINT, or set APPNET_XDS_SNI (${message})`
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return "it does not speak TLS there: check the port, or set APPNET_XDS_MODE=grpc"
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code) && tls.certificate === undefined) {
    return "it asks for a client certificate: set APPNET_XDS_MODE=mtls with APPNET_XDS_CLIENT_CERT_FILE and APPNET_XDS_CLIENT_KEY_FILE"
  }
  if (/ALERT|HANDSHAKE/.test(code) && tls.certificate !== undefined) {
    return `it does not take the client certificate ${tls.certificate}: check APPNET_XDS_CLIENT_CERT_FILE (${code})`
  }
  return undefined
}

/** What stands in the way, and what to check. */
export const causeOf = (server: ManagementServerAddress, failure: Failure): string => {
  const known =
    server._tag === "Unix"
      ? ofSocket[failure.code]
      : ((server.tls === undefined ? undefined : ofTls(failure, server.tls)) ?? ofNetwork[failure.code])
  return `management server ${described(server)}: ${known ?? `${failure.message} (${failure.code})`}`
}

const grpcStatus: Readonly<Record<string, string>> = {
  "7": "PERMISSION_DENIED",
  "12": "UNIMPLEMENTED",
  "14": "UNAVAILABLE",
  "16": "UNAUTHENTICATED"
}

/** Why the server refused a stream, as it said itself; undefined if it did not refuse. */
export const refusalOf = (
  server: ManagementServerAddress,
  httpStatus: number,
  status: string | undefined,
  message: string
): string | undefined => {
  const name = described(server)
  if (httpStatus !== 200) return `management server ${name}: it answers HTTP status ${httpStatus}: is it a gRPC server?`
  if (status === undefined || status === "0") return undefined
  const words = `it refuses the stream with ${grpcStatus[status] ?? `gRPC status ${status}`}${message === "" ? "" : `: ${message}`}`
  const file = server._tag === "Tcp" ? server.tls?.token : undefined
  const advice =
    status === "16" || status === "7"
      ? `: check ${file === undefined ? "whether it needs a token (APPNET_XDS_TOKEN_FILE)" : `the token in ${file} (APPNET_XDS_TOKEN_FILE)`}`
      : status === "12"
        ? ": it serves no aggregated discovery (ADS) there"
        : ""
  return `management server ${name}: ${words}${advice}`
}
