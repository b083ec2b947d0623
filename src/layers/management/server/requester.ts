import { Option } from "effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { Settings } from "../../../services/Settings.ts"

/** An IPv4 address as such, also where an IPv6 socket has taken the connection. */
export const shownAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

/** Who sent a request, as far as that is known: the address, or the socket, whose peers Node does not name. */
export const requesterOf = (request: HttpServerRequest, settings: Settings): string =>
  Option.match(request.remoteAddress, {
    onNone: () => `a client of the socket ${settings.APPNET_AGENT_ADMIN_UDS_PATH}`,
    onSome: shownAddress
  })
