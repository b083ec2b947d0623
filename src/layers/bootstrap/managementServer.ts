import type { ManagementServerAddress } from "../../services/Bootstrap.ts"
import type { Settings } from "../../services/Settings.ts"
import { hostAndPort } from "../../services/settingKinds.ts"
import type { BootstrapMode } from "./mode.ts"

/** Where and how the agent itself can reach what Envoy gets its configuration from. */
export const managementServerOf = (
  mode: BootstrapMode,
  settings: Settings,
  caBundle: string
): ManagementServerAddress | undefined => {
  if (mode._tag === "ServiceConnect") return { _tag: "Unix", path: mode.endpoint.replace(/^unix:(\/\/)?/, "") }
  const parts = hostAndPort(mode.endpoint)
  if (parts === undefined) return undefined
  const standalone = mode._tag === "Standalone"
  const mutual = standalone && mode.security === "mtls"
  const host = parts.v6 ?? parts.host ?? ""
  return {
    _tag: "Tcp",
    host,
    port: Number(parts.port),
    tls:
      standalone && mode.security === "grpc"
        ? undefined
        : {
            caBundle,
            certificate: mutual ? settings.APPNET_XDS_CLIENT_CERT_FILE : undefined,
            key: mutual ? settings.APPNET_XDS_CLIENT_KEY_FILE : undefined,
            token: standalone ? settings.APPNET_XDS_TOKEN_FILE : undefined,
            serverName: (standalone ? settings.APPNET_XDS_SNI : undefined) ?? host
          },
    streams: standalone
  }
}
