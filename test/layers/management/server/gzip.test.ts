import { assert, describe, it } from "@effect/vitest"
import { acceptsGzip } from "../../../../src/layers/management/server/gzip.ts"

describe("accept-encoding", () => {
  it("names gzip, or anything, and not with a weight of 0", () => {
    for (const header of ["gzip", "br, GZIP;q=0.1", "*", "deflate , gzip ; q=1"])
      assert.isTrue(acceptsGzip(header), header)
    for (const header of [undefined, "", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"])
      assert.isFalse(acceptsGzip(header))
  })
})
