import { isWildcard, parseHostPort, withoutBrackets } from "../../services/hostPort.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import type { Mode } from "../../services/settingKinds.ts"

/** A TCP port that the agent or one of its Envoys listens on. */
interface Listener {
  readonly what: string
  readonly host: string
  readonly port: number
  readonly variable: SettingName
}

const listenersOf = (settings: Settings, served: ReadonlyArray<Mode>): ReadonlyArray<Listener> => {
  const scrape = settings.APPNET_AGENT_SCRAPE_ADDRESS
  const scrapeAt = scrape === undefined ? undefined : parseHostPort(scrape)
  const adminByTcp = settings.ENVOY_ADMIN_MODE === "tcp" && !served.includes("relay")
  return [
    adminByTcp && {
      what: "Envoy's admin",
      host: settings.APPNET_ENVOY_ADMIN_ADDRESS,
      port: settings.ENVOY_ADMIN_ACCESS_PORT,
      variable: "ENVOY_ADMIN_ACCESS_PORT" as const
    },
    served.includes("local relay") && {
      what: "the local relay",
      host: "127.0.0.1",
      port: settings.APPNET_LOCAL_RELAY_LISTENER_PORT,
      variable: "APPNET_LOCAL_RELAY_LISTENER_PORT" as const
    },
    served.includes("local relay") && {
      what: "the local relay's admin",
      host: settings.APPNET_LOCAL_RELAY_ADMIN_HOST,
      port: settings.APPNET_LOCAL_RELAY_ADMIN_PORT,
      variable: "APPNET_LOCAL_RELAY_ADMIN_PORT" as const
    },
    settings.APPNET_AGENT_ADMIN_MODE === "tcp" && {
      what: "the management API",
      host: settings.APPNET_AGENT_HTTP_BIND_ADDRESS,
      port: settings.APPNET_AGENT_HTTP_PORT,
      variable: "APPNET_AGENT_HTTP_PORT" as const
    },
    scrapeAt !== undefined && {
      what: "the stats for scrapers",
      host: scrapeAt.host,
      port: scrapeAt.port,
      variable: "APPNET_AGENT_SCRAPE_ADDRESS" as const
    }
  ].filter((listener) => listener !== false)
}

const meet = (a: Listener, b: Listener) => {
  const [one, other] = [a, b].map(({ host }) => withoutBrackets(host))
  return a.port === b.port && (one === other || isWildcard(one ?? "") || isWildcard(other ?? ""))
}

/** What would listen where something else of this agent listens already, one sentence each. */
export const portCollisions = (settings: Settings, served: ReadonlyArray<Mode>): ReadonlyArray<string> => {
  const listeners = listenersOf(settings, served)
  return listeners.flatMap((listener, i) =>
    listeners
      .slice(i + 1)
      .filter((other) => meet(listener, other))
      .map(
        (other) =>
          `port ${listener.port} is asked for twice: for ${listener.what} (${listener.variable}) and for ${other.what} (${other.variable}): give one of them another`
      )
  )
}
