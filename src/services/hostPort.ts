// The one place that reads and writes `host:port`. It imports nothing, since the container health check loads it too.

/** A TCP or UDP endpoint. An IPv6 address stands without brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`)

export const isIpv4 = (text: string): boolean => ipv4.test(text)

/** Without brackets and without a zone. */
export const isIpv6 = (text: string): boolean =>
  /^[0-9a-f:.]+$/i.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`)

export const isIpAddress = (text: string): boolean => isIpv4(text) || isIpv6(text)

/** A decimal port from 1 to 65535. */
export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

/** Reads `host:port` and `[v6]:port`; undefined for anything else. The host is not checked further. */
export const parseHostPort = (text: string): HostPort | undefined => {
  const [, v6, name, port = ""] = /^(?:\[([^\]\s]*:[^\]\s]*)\]|([^:\s[\]]+)):(\d+)$/.exec(text) ?? []
  const host = v6 ?? name
  return host === undefined || !isPort(port) ? undefined : { host, port: Number(port) }
}

/** A host as it stands in a URL or a Host header: an IPv6 address in brackets. */
export const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host)

export const formatHostPort = ({ host, port }: HostPort): string => `${formatHost(host)}:${port}`

/** A host that may stand in brackets, without them. */
export const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, "")

/** The host of a Host header, in lower case and without its port. */
export const hostOfHeader = (header: string): string => withoutBrackets(header.replace(/:\d*$/, "")).toLowerCase()

/** `0.0.0.0`, `::` and its longer forms: every address of this machine. */
export const isWildcard = (host: string): boolean => host === "0.0.0.0" || /^[0:]*:[0:]*$/.test(host)
