import { isWildcard } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import { by, type PartObject } from "../provenance.ts"

const ownerOnly = 0o600

/** Envoy's admin interface. */
export const adminFragment = (settings: Settings, accessLog: string): PartObject => {
  const host = settings.APPNET_ENVOY_ADMIN_ADDRESS
  const unix = settings.ENVOY_ADMIN_MODE === "uds"
  const path = by(settings.APPNET_ENVOY_ADMIN_UDS_PATH, "APPNET_ENVOY_ADMIN_UDS_PATH")
  return {
    accessLog: [
      {
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
          path: by(accessLog, "ENVOY_ADMIN_ACCESS_LOG_FILE")
        }
      }
    ],
    address: unix
      ? by({ pipe: { path, mode: ownerOnly } }, "ENVOY_ADMIN_MODE")
      : {
          socketAddress: {
            address: by(host, "APPNET_ENVOY_ADMIN_ADDRESS", "ENVOY_ADMIN_ACCESS_ENABLE_IPV6"),
            portValue: by(settings.ENVOY_ADMIN_ACCESS_PORT, "ENVOY_ADMIN_ACCESS_PORT"),
            ipv4Compat:
              settings.ENVOY_ADMIN_ACCESS_ENABLE_IPV6 && isWildcard(host)
                ? by(true, "ENVOY_ADMIN_ACCESS_ENABLE_IPV6")
                : undefined
          }
        }
  }
}
