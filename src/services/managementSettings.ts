// The rules of the settings that say where the management API is. Free of Effect, so that the container health check can
// read them; the table of settings uses the same rules and defaults.

import { isListenHost } from "./hostPort.ts"

export const adminModes = ["tcp", "uds"] as const

/** Where the running agent serves its management API, by setting. */
export interface ManagementSettings {
  /** Undefined: it is not served. */
  readonly APPNET_AGENT_ADMIN_MODE: (typeof adminModes)[number] | undefined
  readonly APPNET_AGENT_HTTP_PORT: number
  readonly APPNET_AGENT_HTTP_BIND_ADDRESS: string
  readonly APPNET_AGENT_ADMIN_UDS_PATH: string
}

export const managementDefaults = {
  APPNET_AGENT_ADMIN_MODE: undefined,
  APPNET_AGENT_HTTP_PORT: 9902,
  APPNET_AGENT_HTTP_BIND_ADDRESS: "[::]",
  APPNET_AGENT_ADMIN_UDS_PATH: "/var/run/ecs/appnet_admin.sock"
} satisfies ManagementSettings

/** Only root may listen on a port up to 1024. */
export const highestPrivilegedPort = 1024
export const managementPorts = { minimum: 1, maximum: 65_534 } as const

export const wholeNumberPattern = /^[+-]?\d{1,15}$/

/** The kernel's limit on the path of a unix socket, without the zero byte at its end. */
export const maximumSocketPathBytes = 107

/** `unix:/path` and `unix:///path` mean `/path`. */
export const socketPathIn = (text: string): string => text.replace(/^unix:(\/\/)?/, "")

export const isSocketPath = (path: string): boolean => new TextEncoder().encode(path).length <= maximumSocketPathBytes

/**
 * The settings in an environment; undefined where one that is in use is invalid. A setting of the other mode is not in use, and has
 * its default then. `userId` is that of this process.
 */
export const readManagementSettings = (
  environment: Readonly<Record<string, string | undefined>>,
  userId: number
): ManagementSettings | undefined => {
  const textOf = (name: keyof ManagementSettings) => environment[name]?.trim() || undefined
  const defaults = managementDefaults

  const modeText = textOf("APPNET_AGENT_ADMIN_MODE")?.toLowerCase()
  const mode = adminModes.find((known) => known === modeText)
  if (mode === undefined && modeText !== undefined) return undefined

  const portText = textOf("APPNET_AGENT_HTTP_PORT")
  const port = portText === undefined ? defaults.APPNET_AGENT_HTTP_PORT : Number(portText)
  const { maximum, minimum } = managementPorts
  const isPortValid =
    (portText === undefined || wholeNumberPattern.test(portText)) &&
    port >= (userId === 0 ? minimum : highestPrivilegedPort + 1) &&
    port <= maximum
  const host = textOf("APPNET_AGENT_HTTP_BIND_ADDRESS") ?? defaults.APPNET_AGENT_HTTP_BIND_ADDRESS
  if (mode === "tcp" && !(isPortValid && isListenHost(host))) return undefined

  const path = socketPathIn(textOf("APPNET_AGENT_ADMIN_UDS_PATH") ?? defaults.APPNET_AGENT_ADMIN_UDS_PATH)
  if (mode === "uds" && !isSocketPath(path)) return undefined

  return {
    APPNET_AGENT_ADMIN_MODE: mode,
    APPNET_AGENT_HTTP_PORT: isPortValid ? port : defaults.APPNET_AGENT_HTTP_PORT,
    APPNET_AGENT_HTTP_BIND_ADDRESS: isListenHost(host) ? host : defaults.APPNET_AGENT_HTTP_BIND_ADDRESS,
    APPNET_AGENT_ADMIN_UDS_PATH: isSocketPath(path) ? path : defaults.APPNET_AGENT_ADMIN_UDS_PATH
  }
}
