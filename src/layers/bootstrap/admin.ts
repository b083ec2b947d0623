import type { AdminAddress, JsonObject } from "../../services/Bootstrap.ts"
import type { Settings } from "../../services/Settings.ts"

const ownerOnly = 0o600

const isWildcard = (host: string) => host === "0.0.0.0" || /^[0:]+$/.test(host)

/** How the agent reaches an address that Envoy listens on. */
export const reachable = (host: string, port: number): AdminAddress => {
  if (!isWildcard(host)) return { _tag: "Tcp", host, port }
  return { _tag: "Tcp", host: host === "0.0.0.0" ? "127.0.0.1" : "::1", port }
}

/** Envoy's admin interface, and where the agent finds it. */
export const adminFragment = (
  settings: Settings,
  accessLog: string
): { readonly admin: JsonObject; readonly address: AdminAddress } => {
  const path = settings.APPNET_ENVOY_ADMIN_UDS_PATH
  const host = settings.APPNET_ENVOY_ADMIN_ADDRESS
  const port = settings.ENVOY_ADMIN_ACCESS_PORT
  const unix = settings.ENVOY_ADMIN_MODE === "uds"
  return {
    admin: {
      accessLog: [
        {
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path: accessLog
          }
        }
      ],
      address: unix
        ? { pipe: { path, mode: ownerOnly } }
        : {
            socketAddress: {
              address: host,
              portValue: port,
              ...(settings.ENVOY_ADMIN_ACCESS_ENABLE_IPV6 && isWildcard(host) ? { ipv4Compat: true } : {})
            }
          }
    },
    address: unix ? { _tag: "Unix", path } : reachable(host, port)
  }
}
