import type { AdminAddress } from "../../services/Bootstrap.ts"
import { isWildcard } from "../../services/hostPort.ts"
import { snakeCase } from "./protoJson.ts"

/** For error messages: what a bootstrap must have so that the agent can connect to Envoy's admin. */
export const expectedAdmin = "expected admin.address with a socketAddress (address and portValue) or a pipe (path)"

/** The address to connect to if Envoy listens on `host`. */
const connectAddress = (host: string, port: number): AdminAddress => {
  if (!isWildcard(host)) return { _tag: "Tcp", host, port }
  return { _tag: "Tcp", host: host === "0.0.0.0" ? "127.0.0.1" : "::1", port }
}

/** A field by its camelCase name. Proto3 JSON accepts the snake_case name as well. */
const fieldOf = (message: unknown, name: string): unknown => {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined
  const field: unknown = Reflect.get(message, Object.hasOwn(message, name) ? name : snakeCase(name))
  return field
}

const nonEmptyText = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

/**
 * Where the agent connects to Envoy's admin, according to a bootstrap (generated or custom). Undefined if it has no
 * admin address, or a port of 0.
 */
export const findAdminAddress = (bootstrap: unknown): AdminAddress | undefined => {
  const address = fieldOf(fieldOf(bootstrap, "admin"), "address")
  const path = nonEmptyText(fieldOf(fieldOf(address, "pipe"), "path"))
  if (path !== undefined) return { _tag: "Unix", path }
  const socket = fieldOf(address, "socketAddress")
  const host = nonEmptyText(fieldOf(socket, "address"))
  const port = Number(fieldOf(socket, "portValue") ?? 0)
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return connectAddress(host, port)
}
