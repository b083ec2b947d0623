import { assert, describe, it } from "@effect/vitest"
import { tcpListeners, unixListeners } from "../../../src/layers/admin/socketTables.ts"

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 000000001c4162e9 100 0 0 10 0\n`

const loopback = { host: "127.0.0.1", port: 9901 }

describe("the sockets that listen at a TCP address", () => {
  it("are those of the address and port that listen, not its connections", () => {
    const table = [
      header,
      row("0100007F:26AD", "0A", 11),
      row("0100007F:26AE", "0A", 12),
      row("0200007F:26AD", "0A", 13),
      row("0100007F:26AD", "01", 14)
    ].join("")
    assert.deepStrictEqual(tcpListeners(table, loopback, "LE"), ["11"])
    assert.deepStrictEqual(tcpListeners(table, { host: "127.0.0.3", port: 9901 }, "LE"), [])
  })

  it("are those with the closest binding: the address itself, then a wildcard of its family, then IPv6's", () => {
    const any4 = row("00000000:26AD", "0A", 21)
    const mapped = row("0000000000000000FFFF00000100007F:26AD", "0A", 22)
    const any6 = row("00000000000000000000000000000000:26AD", "0A", 23)
    const own = row("0100007F:26AD", "0A", 24)
    assert.deepStrictEqual(tcpListeners(any6 + mapped + any4 + own, loopback, "LE"), ["24"])
    assert.deepStrictEqual(tcpListeners(any6 + mapped + any4, loopback, "LE"), ["21"])
    assert.deepStrictEqual(tcpListeners(any6 + mapped, loopback, "LE"), ["22"])
    assert.deepStrictEqual(tcpListeners(any6, loopback, "LE"), ["23"])
  })

  it("are found by any form of an IPv6 address, and in either byte order", () => {
    const little = row("B80D0120000000000000000001000000:26AD", "0A", 31)
    const big = row("20010DB8000000000000000000000001:26AD", "0A", 32)
    for (const host of ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:db8::0.0.0.1"]) {
      assert.deepStrictEqual(tcpListeners(little + big, { host, port: 9901 }, "LE"), ["31"])
      assert.deepStrictEqual(tcpListeners(little + big, { host, port: 9901 }, "BE"), ["32"])
    }
    const loopback6 = row("00000000000000000000000001000000:26AD", "0A", 33)
    assert.deepStrictEqual(tcpListeners(loopback6, { host: "::1", port: 9901 }, "LE"), ["33"])
  })

  it("may be several, where they share the port", () => {
    const table = row("0100007F:26AD", "0A", 41) + row("0100007F:26AD", "0A", 42)
    assert.deepStrictEqual(tcpListeners(table, loopback, "LE"), ["41", "42"])
  })
})

describe("the sockets that listen under a path", () => {
  it("are those of this path that accept connections, those whose file was replaced included", () => {
    const table = `Num       RefCount Protocol Flags    Type St Inode Path
00000000ad66a021: 00000002 00000000 00010000 0001 01 51 /tmp/a b.sock
0000000091fd2ad0: 00000003 00000000 00000000 0001 03 52
000000003a0a7a6e: 00000003 00000000 00000000 0001 03 53 /tmp/a b.sock
0000000044f08045: 00000002 00000000 00010000 0001 01 54 /tmp/a b.sock
0000000044f08046: 00000002 00000000 00010000 0001 01 55 /tmp/a b.sock2
`
    assert.deepStrictEqual(unixListeners(table, "/tmp/a b.sock"), ["51", "54"])
    assert.deepStrictEqual(unixListeners(table, "/tmp/other.sock"), [])
  })
})
