import type { ManagementServerAddress } from "../../services/Bootstrap.ts"
import type { StreamEnd } from "./adsStream.ts"
import { formatAddress } from "./connectionCause.ts"
import { quotedText } from "./ProbeError.ts"

const permissionDenied = "7"
const unimplemented = "12"
const unauthenticated = "16"

const grpcStatusNames: Readonly<Record<string, string>> = {
  [permissionDenied]: "PERMISSION_DENIED",
  [unimplemented]: "UNIMPLEMENTED",
  "14": "UNAVAILABLE",
  [unauthenticated]: "UNAUTHENTICATED"
}

/** What to check at a relay, by the words with which its Envoy refuses a stream when it cannot reach its server. */
const relayUpstreamCauses: ReadonlyArray<readonly [RegExp, string]> = [
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

const credentialsAdvice =
  "check the AWS credentials that the relay signs with: whether there are any, whether they have expired, and what they permit; AWS_REGION and APPMESH_SIGNING_NAME; and this host's clock"

/** The end of the sentence: what to check; empty where that is not known. */
const adviceFor = (server: ManagementServerAddress, grpcStatus: string, message: string): string => {
  const tokenFile = server._tag === "Tcp" ? server.tls?.token : undefined
  const isRelay = server._tag === "Unix" || server.relaysTo !== undefined
  if (grpcStatus === permissionDenied || grpcStatus === unauthenticated) {
    if (isRelay) return `: ${credentialsAdvice}`
    return `: check ${tokenFile === undefined ? "whether it needs a token (APPNET_XDS_TOKEN_FILE)" : `the token in ${tokenFile} (APPNET_XDS_TOKEN_FILE)`}`
  }
  if (grpcStatus === unimplemented) return ": it serves no aggregated discovery (ADS) there"
  const found = isRelay ? relayUpstreamCauses.find(([words]) => words.test(message)) : undefined
  return found === undefined ? "" : `: ${found[1]}`
}

/** One sentence that says why the server refused a stream, and what to check; undefined if it did not refuse it. */
export const describeRefusal = (
  server: ManagementServerAddress,
  { grpcStatus, httpStatus, message }: StreamEnd
): string | undefined => {
  const name =
    server.relaysTo === undefined
      ? formatAddress(server)
      : `${formatAddress(server.relaysTo)}, through the relay at ${formatAddress(server)}`
  const reason = message === "" ? "" : `: ${quotedText(message)}`
  if (httpStatus === 401 || httpStatus === 403) {
    return `management server ${name}: it refuses the stream with HTTP status ${httpStatus}${reason}${adviceFor(server, unauthenticated, "")}`
  }
  if (httpStatus !== 200) {
    return `management server ${name}: it answers HTTP status ${httpStatus}${reason}: is it a gRPC server?`
  }
  if (grpcStatus === undefined || grpcStatus === "0") return undefined
  return `management server ${name}: it refuses the stream with ${grpcStatusNames[grpcStatus] ?? `gRPC status ${grpcStatus}`}${reason}${adviceFor(server, grpcStatus, message)}`
}
