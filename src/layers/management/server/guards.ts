import { createHash, timingSafeEqual } from "node:crypto"
import { Redacted } from "effect"
import { hostOfHeader, isIpAddress } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"

/** A request's headers, by lower-case name. */
type Headers = Readonly<Record<string, string | undefined>>

export interface Refusal {
  readonly status: 401 | 403
  readonly text: string
}

/** Equal in the same time, wherever they differ. */
const isSame = (a: string, b: string) => {
  // Megabytes of memory, which only a token is worth.
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/** Names that no DNS answer can bring to this address. */
const isKnownHost = (host: string | undefined, settings: Settings) => {
  if (host === undefined) return false
  const name = hostOfHeader(host)
  const allowed = (settings.APPNET_AGENT_ALLOWED_HOSTS ?? "").split(/[\s,]+/).map((word) => word.toLowerCase())
  return isIpAddress(name) || name === "localhost" || (name !== "" && allowed.includes(name))
}

/**
 * Whether a request that changes something may do so: with the token, where one is set; over TCP, not from another
 * site's page, nor by a name that only a browser was told.
 */
export const refusalOf = (settings: Settings, overTcp: boolean, headers: Headers): Refusal | undefined => {
  if (overTcp) {
    const { host, origin } = headers
    if (!isKnownHost(host, settings)) {
      return {
        status: 403,
        text: "the Host of this request is neither an IP address nor localhost: add it to APPNET_AGENT_ALLOWED_HOSTS"
      }
    }
    if (origin !== undefined && origin.toLowerCase() !== `http://${host}`.toLowerCase()) {
      return { status: 403, text: "requests of another site's pages are refused" }
    }
  }
  const token = settings.APPNET_AGENT_ADMIN_TOKEN
  if (token === undefined) return undefined
  const [, shown = ""] = /^Bearer +(.+)$/i.exec(headers.authorization ?? "") ?? []
  return isSame(shown, Redacted.value(token))
    ? undefined
    : { status: 401, text: "this request needs Authorization: Bearer and the token of APPNET_AGENT_ADMIN_TOKEN" }
}
