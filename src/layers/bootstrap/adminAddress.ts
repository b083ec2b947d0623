import type { AdminAddress } from "../../services/Bootstrap.ts"
import { isWildcard } from "../../services/hostPort.ts"
import { protoField } from "./protoField.ts"

/** For error messages: what a bootstrap must have so that the agent can connect to Envoy's admin. */
export const expectedAdmin = "expected admin.address with a socketAddress (address and portValue) or a pipe (path)"

/** The address to connect to if Envoy listens on `host`. */
const connectAddress = (host: string, port: number): AdminAddress => {
  if (!isWildcard(host)) return { _tag: "Tcp", host, port }
  return { _tag: "Tcp", host: host === "0.0.0.0" ? "127.0.0.1" : "::1", port }
}

const nonEmptyText = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

/**
 * Where the agent connects to Envoy's admin, according to a bootstrap (generated or custom). Undefined if it has no
 * admin address, or a port of 0.
 */
export const findAdminAddress = (bootstrap: unknown): AdminAddress | undefined => {
  const address = protoField(protoField(bootstrap, "admin"), "address")
  const path = nonEmptyText(protoField(protoField(address, "pipe"), "path"))
  if (path !== undefined) return { _tag: "Unix", path }
  const socket = protoField(address, "socketAddress")
  const host = nonEmptyText(protoField(socket, "address"))
  const port = Number(protoField(socket, "portValue") ?? 0)
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return connectAddress(host, port)
}
