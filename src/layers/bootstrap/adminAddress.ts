import type { AdminAddress } from "../../services/Bootstrap.ts"
import { isWildcard } from "../../services/hostPort.ts"
import { snakeCase } from "./protoJson.ts"

/** How the agent reaches an address that Envoy listens on. */
const reachable = (host: string, port: number): AdminAddress => {
  if (!isWildcard(host)) return { _tag: "Tcp", host, port }
  return { _tag: "Tcp", host: host === "0.0.0.0" ? "127.0.0.1" : "::1", port }
}

/** What stands at `camelCase` or `snake_case`: proto3 JSON takes both. */
const field = (value: unknown, name: string): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const found: unknown = Reflect.get(value, Object.hasOwn(value, name) ? name : snakeCase(name))
  return found
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

/** Finds Envoy's admin in a bootstrap, whoever wrote it. */
export const adminOf = (document: unknown): AdminAddress | undefined => {
  const address = field(field(document, "admin"), "address")
  const path = text(field(field(address, "pipe"), "path"))
  if (path !== undefined) return { _tag: "Unix", path }
  const socket = field(address, "socketAddress")
  const host = text(field(socket, "address"))
  const port = Number(field(socket, "portValue") ?? 0)
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return reachable(host, port)
}

/**
 * The lines of `admin` in a bootstrap in block style, for a file that is too long to be parsed as a whole; empty where
 * there is no such part.
 */
export const adminBlock = (source: string): string => /^admin:.*(?:\n(?:[ \t#].*)?)*/m.exec(source)?.[0] ?? ""
