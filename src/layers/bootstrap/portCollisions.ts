import { PortCollision } from "../../services/BootstrapProblem.ts"
import { isWildcard, parseHostPort, withoutBrackets } from "../../services/hostPort.ts"
import type { Mode } from "../../services/Setting.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"

/** A TCP port on which the agent or one of its Envoys listens. */
interface Listener {
  readonly name: string
  readonly host: string
  readonly port: number
  /** The variable that sets the port. */
  readonly variable: SettingName
}

const listenersOf = (settings: Settings, active: ReadonlyArray<Mode>): ReadonlyArray<Listener> => {
  const scrapeAddress =
    settings.APPNET_AGENT_SCRAPE_ADDRESS === undefined ? undefined : parseHostPort(settings.APPNET_AGENT_SCRAPE_ADDRESS)
  // In relay mode, Envoy's admin is on a unix socket whatever ENVOY_ADMIN_MODE says.
  const isAdminOnTcp = settings.ENVOY_ADMIN_MODE === "tcp" && !active.includes("relay")
  const hasLocalRelay = active.includes("local relay")
  return [
    isAdminOnTcp && {
      name: "Envoy's admin",
      host: settings.APPNET_ENVOY_ADMIN_ADDRESS,
      port: settings.ENVOY_ADMIN_ACCESS_PORT,
      variable: "ENVOY_ADMIN_ACCESS_PORT" as const
    },
    hasLocalRelay && {
      name: "the local relay",
      host: "127.0.0.1",
      port: settings.APPNET_LOCAL_RELAY_LISTENER_PORT,
      variable: "APPNET_LOCAL_RELAY_LISTENER_PORT" as const
    },
    hasLocalRelay && {
      name: "the local relay's admin",
      host: settings.APPNET_LOCAL_RELAY_ADMIN_HOST,
      port: settings.APPNET_LOCAL_RELAY_ADMIN_PORT,
      variable: "APPNET_LOCAL_RELAY_ADMIN_PORT" as const
    },
    settings.APPNET_AGENT_ADMIN_MODE === "tcp" && {
      name: "the management API",
      host: settings.APPNET_AGENT_HTTP_BIND_ADDRESS,
      port: settings.APPNET_AGENT_HTTP_PORT,
      variable: "APPNET_AGENT_HTTP_PORT" as const
    },
    scrapeAddress !== undefined && {
      name: "the stats for scrapers",
      host: scrapeAddress.host,
      port: scrapeAddress.port,
      variable: "APPNET_AGENT_SCRAPE_ADDRESS" as const
    }
  ].filter((listener) => listener !== false)
}

const collide = (a: Listener, b: Listener): boolean => {
  const hostA = withoutBrackets(a.host)
  const hostB = withoutBrackets(b.host)
  return a.port === b.port && (hostA === hostB || isWildcard(hostA) || isWildcard(hostB))
}

/** Every pair of listeners of this agent that would share a port on the same address. */
export const portCollisions = (settings: Settings, active: ReadonlyArray<Mode>): ReadonlyArray<PortCollision> => {
  const listeners = listenersOf(settings, active)
  return listeners.flatMap((listener, index) =>
    listeners
      .slice(index + 1)
      .filter((other) => collide(listener, other))
      .map((other) => new PortCollision({ port: listener.port, listeners: [listener, other] }))
  )
}
