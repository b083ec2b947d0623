import type { ManagementServerAddress } from "../../../services/Bootstrap.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { appMeshDecidedBy, type BootstrapMode } from "./mode.ts"
import type { RelayUpstream } from "./relayUpstream.ts"

/** A server that wants each stream signed: the agent can look at its certificate, but open no stream. */
const signedFor = ({ decidedBy, host, port }: Omit<RelayUpstream, "region" | "signingName">, caBundle: string) =>
  ({
    _tag: "Tcp",
    host,
    port,
    tls: { caBundle, certificate: undefined, key: undefined, token: undefined, serverName: host },
    streams: false,
    namedBy: decidedBy,
    relaysTo: undefined
  }) satisfies ManagementServerAddress

const splitEndpoint = (endpoint: string) => {
  return parseHostPort(endpoint) ?? { host: "", port: 0 }
}

/** Where and how the agent itself can reach what Envoy gets its configuration from. */
export const managementServerOf = (
  mode: BootstrapMode,
  settings: Settings,
  caBundle: string
): ManagementServerAddress => {
  switch (mode._tag) {
    case "ServiceConnect":
      return {
        _tag: "Unix",
        path: mode.endpoint.replace(/^unix:(\/\/)?/, ""),
        streams: true,
        namedBy: ["APPMESH_XDS_ENDPOINT"],
        relaysTo: undefined
      }
    case "Relay":
      return {
        _tag: "Unix",
        path: settings.APPNET_RELAY_LISTENER_UDS_PATH,
        streams: true,
        namedBy: ["APPNET_RELAY_LISTENER_UDS_PATH"],
        relaysTo: signedFor(mode.upstream, caBundle)
      }
    case "AppMesh":
      return mode.localRelay === undefined
        ? signedFor({ ...splitEndpoint(mode.endpoint), decidedBy: appMeshDecidedBy(settings) }, caBundle)
        : {
            _tag: "Tcp",
            host: "127.0.0.1",
            port: settings.APPNET_LOCAL_RELAY_LISTENER_PORT,
            tls: undefined,
            streams: true,
            namedBy: ["APPNET_LOCAL_RELAY_LISTENER_PORT"],
            relaysTo: signedFor(mode.localRelay, caBundle)
          }
    case "Standalone": {
      const { host, port } = splitEndpoint(mode.endpoint)
      const mutual = mode.security === "mtls"
      return {
        _tag: "Tcp",
        host,
        port,
        tls:
          mode.security === "grpc"
            ? undefined
            : {
                caBundle,
                certificate: mutual ? settings.APPNET_XDS_CLIENT_CERT_FILE : undefined,
                key: mutual ? settings.APPNET_XDS_CLIENT_KEY_FILE : undefined,
                token: settings.APPNET_XDS_TOKEN_FILE,
                serverName: settings.APPNET_XDS_SNI ?? host
              },
        streams: true,
        namedBy: ["APPMESH_XDS_ENDPOINT"],
        relaysTo: undefined
      }
    }
  }
}
