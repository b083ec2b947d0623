import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { parseEnvoyVersion } from "../../../src/layers/process/envoyVersion.ts"

describe("Envoy's version", () => {
  it("is read from what a stock Envoy, a vendor's and a FIPS build print", () => {
    const version = (label: string) => parseEnvoyVersion(`\n/usr/bin/envoy  version: 9e558093/${label}\n\n`)
    assert.deepStrictEqual(
      version("1.40.0/Clean/RELEASE/BoringSSL"),
      Option.some({ major: 1, minor: 40, patch: 0, fips: false })
    )
    assert.deepStrictEqual(
      version("1.29.12.1-prod/Modified/RELEASE/BoringSSL-FIPS"),
      Option.some({ major: 1, minor: 29, patch: 12, fips: true })
    )
    assert.deepStrictEqual(parseEnvoyVersion("no such option"), Option.none())
  })
})
