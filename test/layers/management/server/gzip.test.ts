import { assert, describe, it } from "@effect/vitest"
import { acceptsGzip } from "../../../../src/layers/management/server/gzip.ts"

describe("the Accept-Encoding header", () => {
  it("accepts gzip by name or *, unless its weight is 0", () => {
    for (const header of ["gzip", "br, GZIP;q=0.1", "*", "deflate , gzip ; q=1"])
      assert.isTrue(acceptsGzip(header), header)
    for (const header of [undefined, "", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"])
      assert.isFalse(acceptsGzip(header))
  })
})
