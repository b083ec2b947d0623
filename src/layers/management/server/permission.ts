import { createHash, timingSafeEqual } from "node:crypto"
import { Effect, Redacted } from "effect"
import { hostOfHeader, isIpAddress } from "../../../services/hostPort.ts"
import type { Route } from "../../../services/ManagementApi.ts"
import type { Settings } from "../../../services/Settings.ts"
import { RequestRefused } from "./refusal.ts"

/** Request headers by lower-case name. */
type Headers = Readonly<Record<string, string | undefined>>

/** Compares in constant time. */
const isEqualSecret = (a: string, b: string) => {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/** Whether a Host header names this server by something that DNS rebinding cannot forge. */
const isTrustedHost = (host: string | undefined, settings: Settings) => {
  if (host === undefined) return false
  const name = hostOfHeader(host)
  const allowed = (settings.APPNET_AGENT_ALLOWED_HOSTS ?? "").split(/[\s,]+/).map((word) => word.toLowerCase())
  return isIpAddress(name) || name === "localhost" || (name !== "" && allowed.includes(name))
}

const isSameOrigin = (origin: string, host: string | undefined) =>
  origin.toLowerCase() === `http://${host}`.toLowerCase()

/** Against DNS rebinding. */
const checkHost = ({ host }: Headers, settings: Settings) =>
  isTrustedHost(host, settings)
    ? Effect.void
    : new RequestRefused({
        status: 403,
        reason: "the Host of this request is neither an IP address nor localhost: add it to APPNET_AGENT_ALLOWED_HOSTS"
      })

/** Against cross-site requests. */
const checkOrigin = ({ host, origin }: Headers) =>
  origin === undefined || isSameOrigin(origin, host)
    ? Effect.void
    : new RequestRefused({ status: 403, reason: "requests from another site's pages are refused" })

const checkToken = ({ authorization = "" }: Headers, settings: Settings) => {
  const token = settings.APPNET_AGENT_ADMIN_TOKEN
  // Without a token nothing is hashed: node:crypto takes megabytes of memory once it is used.
  if (token === undefined) return Effect.void
  const [, given = ""] = /^Bearer +(.+)$/i.exec(authorization) ?? []
  return isEqualSecret(given, Redacted.value(token))
    ? Effect.void
    : new RequestRefused({
        status: 401,
        reason: "this request needs Authorization: Bearer and the token of APPNET_AGENT_ADMIN_TOKEN",
        headers: { "www-authenticate": "Bearer" }
      })
}

/**
 * Fails with 403 unless the request may come from where it says, then with 401 unless it has the token, as far as the route asks for
 * these. Browsers cannot reach a unix socket, so where a request comes from is checked over TCP only.
 */
export const checkPermission = Effect.fnUntraced(function* (
  { checksHost, needsPermission }: Pick<Route<unknown>, "checksHost" | "needsPermission">,
  settings: Settings,
  overTcp: boolean,
  headers: Headers
) {
  if (overTcp && checksHost) yield* checkHost(headers, settings)
  if (overTcp && needsPermission) yield* checkOrigin(headers)
  if (needsPermission) yield* checkToken(headers, settings)
})
