import { assert, describe, it } from "@effect/vitest"
import { envoyCandidates } from "../../../src/layers/process/envoyCandidates.ts"

describe("the candidates for Envoy", () => {
  it("are the configured path alone, else the default path and those on PATH", () => {
    assert.deepStrictEqual(envoyCandidates("/opt/envoy", "/bin"), ["/opt/envoy"])
    assert.deepStrictEqual(envoyCandidates(undefined, "/bin::/opt"), ["/usr/bin/envoy", "/bin/envoy", "/opt/envoy"])
  })
})
