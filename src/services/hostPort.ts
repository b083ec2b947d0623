// Reads and writes `host:port`. Imports nothing, so that the container health check can load it without Effect.

/** A TCP or UDP endpoint. An IPv6 address has no brackets here. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`)

export const isIpv4 = (text: string): boolean => ipv4.test(text)

/** An IPv6 address without brackets and without a zone (`%eth0`). */
export const isIpv6 = (text: string): boolean =>
  /^[0-9a-f:.]+$/i.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`)

export const isIpAddress = (text: string): boolean => isIpv4(text) || isIpv6(text)

/** Whether a text is a decimal number from 1 to 65535. */
export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

/**
 * Reads `host:port` and `[IPv6]:port`; undefined for any other text. The host may be any text without spaces or colons.
 */
export const parseHostPort = (text: string): HostPort | undefined => {
  const [, v6, name, port = ""] = /^(?:\[([^\]\s]*:[^\]\s]*)\]|([^:\s[\]]+)):(\d+)$/.exec(text) ?? []
  const host = v6 ?? name
  return host === undefined || !isPort(port) ? undefined : { host, port: Number(port) }
}

/** A host for a URL or a Host header: an IPv6 address gets brackets. */
export const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host)

export const formatHostPort = ({ host, port }: HostPort): string => `${formatHost(host)}:${port}`

/** The host without the brackets that it may have. */
export const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, "")

/** The host of a Host header, in lower case, without port and brackets. */
export const hostOfHeader = (header: string): string => withoutBrackets(header.replace(/:\d*$/, "")).toLowerCase()

/** Whether a host means every address of this machine: `0.0.0.0`, `::` or a longer form of it. */
export const isWildcard = (host: string): boolean => host === "0.0.0.0" || /^[0:]*:[0:]*$/.test(host)

/** An IP address, in brackets or not, or a host name: what a server can be told to listen on. */
export const isListenHost = (text: string): boolean =>
  isIpAddress(withoutBrackets(text)) || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text)
