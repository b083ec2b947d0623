import type { AdminAddress } from "../../services/Bootstrap.ts"
import { isIpv4 } from "../../services/hostPort.ts"

// Reads /proc/net/tcp, tcp6 and unix: which sockets accept the connections to an address. Source: proc_pid_net(5).

const listening = "0A"
const acceptsConnections = 0x10000

export type Endianness = "BE" | "LE"

const hexOf = (bytes: ReadonlyArray<number>) =>
  bytes.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("")

/** The kernel prints an address as numbers of four bytes, each in the byte order of the machine. */
const inKernelOrder = (bytes: ReadonlyArray<number>, endianness: Endianness): string => {
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(4 * i, 4 * i + 4))
  return hexOf(words.flatMap((word) => (endianness === "LE" ? word.toReversed() : word)))
}

const ipv4Bytes = (host: string) => host.split(".").map(Number)

/** The URL parser brings an IPv6 address into its canonical form, without dots. */
const ipv6Bytes = (host: string): ReadonlyArray<number> => {
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)))
  const [head = "", tail] = new URL(`http://[${host}]/`).hostname.slice(1, -1).split("::")
  const [first, last] = [groups(head), groups(tail ?? "")]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 255])
}

const zeros = (count: number) => Array.from({ length: count }, () => 0)
const mapped = (host: string) => [...zeros(10), 255, 255, ...ipv4Bytes(host)]

/** Where a socket that accepts connections to an IP address may be bound, from the closest match to the widest. */
const bindingsFor = (host: string, endianness: Endianness): ReadonlyArray<string> => {
  const candidates = isIpv4(host)
    ? [ipv4Bytes(host), zeros(4), mapped(host), mapped("0.0.0.0"), zeros(16)]
    : [ipv6Bytes(host), zeros(16)]
  return candidates.map((bytes) => inKernelOrder(bytes, endianness))
}

/** The inodes of the sockets to which the kernel gives the connections to a TCP address. */
export const tcpListeners = (
  table: string,
  { host, port }: { readonly host: string; readonly port: number },
  endianness: Endianness
): ReadonlyArray<string> => {
  const byBinding = new Map<string, Array<string>>()
  for (const line of table.split("\n")) {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state !== listening || inode === undefined) continue
    byBinding.set(local, [...(byBinding.get(local) ?? []), inode])
  }
  const portHex = hexOf([port >> 8, port & 255])
  for (const address of bindingsFor(host, endianness)) {
    const found = byBinding.get(`${address}:${portHex}`)
    if (found !== undefined) return found
  }
  return []
}

/** The inodes of the sockets that listen under this path. One whose file was replaced is still among them. */
export const unixListeners = (table: string, path: string): ReadonlyArray<string> =>
  table.split("\n").flatMap((line) => {
    const [, flags, inode, socketPath] = /^\S+: \S+ \S+ (\S+) \S+ \S+ +(\d+) (.*)$/.exec(line) ?? []
    const isListening = (Number.parseInt(flags ?? "0", 16) & acceptsConnections) !== 0
    return inode !== undefined && isListening && socketPath === path ? [inode] : []
  })

/** The table that has the sockets for an address. */
export const tablesFor = (address: AdminAddress): ReadonlyArray<string> => {
  if (address._tag === "Unix") return ["/proc/net/unix"]
  return isIpv4(address.host) ? ["/proc/net/tcp", "/proc/net/tcp6"] : ["/proc/net/tcp6"]
}
