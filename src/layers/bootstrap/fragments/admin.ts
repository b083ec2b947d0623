import { isWildcard } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { type PartObject, withSource } from "../provenance.ts"

const ownerOnly = 0o600

const tcpAddress = (settings: Settings): PartObject => {
  const host = settings.APPNET_ENVOY_ADMIN_ADDRESS
  return {
    socketAddress: {
      address: withSource(host, "APPNET_ENVOY_ADMIN_ADDRESS", "ENVOY_ADMIN_ACCESS_ENABLE_IPV6"),
      portValue: withSource(settings.ENVOY_ADMIN_ACCESS_PORT, "ENVOY_ADMIN_ACCESS_PORT"),
      ipv4Compat:
        settings.ENVOY_ADMIN_ACCESS_ENABLE_IPV6 && isWildcard(host)
          ? withSource(true, "ENVOY_ADMIN_ACCESS_ENABLE_IPV6")
          : undefined
    }
  }
}

/** Envoy's admin interface, on TCP or on a unix socket. */
export const adminFragment = (settings: Settings, accessLog: string): PartObject => {
  const path = withSource(settings.APPNET_ENVOY_ADMIN_UDS_PATH, "APPNET_ENVOY_ADMIN_UDS_PATH")
  return {
    accessLog: [
      {
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
          path: withSource(accessLog, "ENVOY_ADMIN_ACCESS_LOG_FILE")
        }
      }
    ],
    address:
      settings.ENVOY_ADMIN_MODE === "uds"
        ? withSource({ pipe: { path, mode: ownerOnly } }, "ENVOY_ADMIN_MODE")
        : tcpAddress(settings)
  }
}
