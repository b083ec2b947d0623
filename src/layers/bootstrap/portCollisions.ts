import type { AdminAddress } from "../../services/Bootstrap.ts"
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
  /** The variable that sets the host, if it is another one. */
  readonly hostVariable?: SettingName
}

export interface PortFacts {
  readonly settings: Settings
  /** The modes that are known to be active. */
  readonly active: ReadonlyArray<Mode>
  /** Whether a setting's value cannot be used, so that its default says nothing. */
  readonly isInvalid: (name: SettingName) => boolean
  /** The admin's address in a bootstrap of the user's own, which counts instead of the settings. */
  readonly ownAdmin?: AdminAddress | undefined
}

const adminListener = ({ active, ownAdmin, settings }: PortFacts): Listener | false => {
  const name = "Envoy's admin"
  if (ownAdmin !== undefined) {
    return ownAdmin._tag === "Tcp" && { name, host: ownAdmin.host, port: ownAdmin.port, variable: "ENVOY_CONFIG_FILE" }
  }
  // In relay mode, Envoy's admin is on a unix socket whatever ENVOY_ADMIN_MODE says.
  if (settings.ENVOY_ADMIN_MODE !== "tcp" || active.includes("relay")) return false
  return {
    name,
    host: settings.APPNET_ENVOY_ADMIN_ADDRESS,
    hostVariable: "APPNET_ENVOY_ADMIN_ADDRESS",
    port: settings.ENVOY_ADMIN_ACCESS_PORT,
    variable: "ENVOY_ADMIN_ACCESS_PORT"
  }
}

const listenersOf = (facts: PortFacts): ReadonlyArray<Listener> => {
  const { active, isInvalid, settings } = facts
  const scrapeAddress =
    settings.APPNET_AGENT_SCRAPE_ADDRESS === undefined ? undefined : parseHostPort(settings.APPNET_AGENT_SCRAPE_ADDRESS)
  const hasLocalRelay = active.includes("local relay")
  const listeners: ReadonlyArray<Listener | false> = [
    adminListener(facts),
    hasLocalRelay && {
      name: "the local relay",
      host: "127.0.0.1",
      port: settings.APPNET_LOCAL_RELAY_LISTENER_PORT,
      variable: "APPNET_LOCAL_RELAY_LISTENER_PORT"
    },
    hasLocalRelay && {
      name: "the local relay's admin",
      host: settings.APPNET_LOCAL_RELAY_ADMIN_HOST,
      hostVariable: "APPNET_LOCAL_RELAY_ADMIN_HOST",
      port: settings.APPNET_LOCAL_RELAY_ADMIN_PORT,
      variable: "APPNET_LOCAL_RELAY_ADMIN_PORT"
    },
    settings.APPNET_AGENT_ADMIN_MODE === "tcp" && {
      name: "the management API",
      host: settings.APPNET_AGENT_HTTP_BIND_ADDRESS,
      hostVariable: "APPNET_AGENT_HTTP_BIND_ADDRESS",
      port: settings.APPNET_AGENT_HTTP_PORT,
      variable: "APPNET_AGENT_HTTP_PORT"
    },
    scrapeAddress !== undefined && {
      name: "the stats for scrapers",
      host: scrapeAddress.host,
      port: scrapeAddress.port,
      variable: "APPNET_AGENT_SCRAPE_ADDRESS"
    }
  ]
  return listeners
    .filter((listener) => listener !== false)
    .filter(({ hostVariable, variable }) => !isInvalid(variable) && !(hostVariable && isInvalid(hostVariable)))
}

const collide = (a: Listener, b: Listener): boolean => {
  const hostA = withoutBrackets(a.host)
  const hostB = withoutBrackets(b.host)
  return a.port === b.port && (hostA === hostB || isWildcard(hostA) || isWildcard(hostB))
}

/** Every pair of listeners of this agent that would share a port on the same address. */
export const portCollisions = (facts: PortFacts): ReadonlyArray<PortCollision> => {
  const listeners = listenersOf(facts)
  return listeners.flatMap((listener, index) =>
    listeners
      .slice(index + 1)
      .filter((other) => collide(listener, other))
      .map((other) => new PortCollision({ port: listener.port, listeners: [listener, other] }))
  )
}
