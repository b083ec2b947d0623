import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  formatHostPort,
  hostOfHeader,
  isIpAddress,
  isWildcard,
  parseHostPort,
  withoutBrackets
} from "../../src/services/hostPort.ts"

const Port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }))
const Host = Schema.Literals(["localhost", "xds.example.com", "10.0.0.1", "::1", "fe80::1%eth0", "2001:db8::8:800"])

describe("host:port", () => {
  it.prop("is read back as it was written", { host: Host, port: Port }, (endpoint) => {
    assert.deepStrictEqual(parseHostPort(formatHostPort(endpoint)), { ...endpoint })
  })

  it.each(["", "host", ":80", "host:", "host:0", "host:65536", "host:8o", "::1:80", "[host]:80", "[]:80", "a b:80"])(
    "is not %j",
    (text) => {
      assert.isUndefined(parseHostPort(text))
    }
  )

  it("distinguishes addresses, wildcards and names", () => {
    assert.deepStrictEqual(["127.0.0.1", "::1", "256.1.1.1", "1.2.3", "host", "12:34"].map(isIpAddress), [
      true,
      true,
      false,
      false,
      false,
      false
    ])
    assert.deepStrictEqual(["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "127.0.0.1", "::1", "0"].map(isWildcard), [
      true,
      true,
      true,
      false,
      false,
      false
    ])
  })

  it("is extracted from a Host header", () => {
    assert.deepStrictEqual(["LocalHost:9902", "[::1]:9902", "[::1]", "10.0.0.1:"].map(hostOfHeader), [
      "localhost",
      "::1",
      "::1",
      "10.0.0.1"
    ])
    assert.deepStrictEqual(["[::]", "::", "host"].map(withoutBrackets), ["::", "::", "host"])
  })
})
