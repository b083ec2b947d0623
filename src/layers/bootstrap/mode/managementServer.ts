import type { ManagementServerAddress } from "../../../services/Bootstrap.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { appMeshEndpointVariables } from "./appMesh.ts"
import type { RelayUpstream } from "./relayUpstream.ts"
import type { ResolvedMode, StandaloneMode } from "./resolvedMode.ts"

/** A server that accepts signed requests only. The agent signs none: it checks the certificate and opens no stream. */
const signedOnlyServer = (
  { host, port, variables }: Pick<RelayUpstream, "host" | "port" | "variables">,
  caBundle: string
): ManagementServerAddress => ({
  _tag: "Tcp",
  host,
  port,
  tls: { caBundle, certificate: undefined, key: undefined, token: undefined, serverName: host },
  streams: false,
  namedBy: variables,
  relaysTo: undefined
})

/** The modes' endpoints are `host:port`: `resolveMode` has checked it. */
const serverOf = (endpoint: string) => parseHostPort(endpoint) ?? { host: "", port: 0 }

const standaloneServer = (mode: StandaloneMode, settings: Settings, caBundle: string): ManagementServerAddress => {
  const { host, port } = serverOf(mode.endpoint)
  const isMutual = mode.security === "mtls"
  return {
    _tag: "Tcp",
    host,
    port,
    tls:
      mode.security === "grpc"
        ? undefined
        : {
            caBundle,
            certificate: isMutual ? settings.APPNET_XDS_CLIENT_CERT_FILE : undefined,
            key: isMutual ? settings.APPNET_XDS_CLIENT_KEY_FILE : undefined,
            token: settings.APPNET_XDS_TOKEN_FILE,
            serverName: settings.APPNET_XDS_SNI ?? host
          },
    streams: true,
    namedBy: ["APPMESH_XDS_ENDPOINT"],
    relaysTo: undefined
  }
}

/**
 * How the agent itself reaches the management server that Envoy connects to, for the diagnosis of a lost connection.
 */
export const managementServerOf = (
  mode: ResolvedMode,
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
        relaysTo: signedOnlyServer(mode.upstream, caBundle)
      }
    case "AppMesh":
      return mode.localRelay === undefined
        ? signedOnlyServer({ ...serverOf(mode.endpoint), variables: appMeshEndpointVariables(settings) }, caBundle)
        : {
            _tag: "Tcp",
            host: "127.0.0.1",
            port: settings.APPNET_LOCAL_RELAY_LISTENER_PORT,
            tls: undefined,
            streams: true,
            namedBy: ["APPNET_LOCAL_RELAY_LISTENER_PORT"],
            relaysTo: signedOnlyServer(mode.localRelay, caBundle)
          }
    case "Standalone":
      return standaloneServer(mode, settings, caBundle)
  }
}
