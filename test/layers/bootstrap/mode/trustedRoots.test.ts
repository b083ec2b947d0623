import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../shows.ts"
import { type Environment, generatedOf, readOnlyFiles } from "../harness.ts"

const standalone = { APPNET_XDS_MODE: "tls", APPMESH_XDS_ENDPOINT: "xds.example.com:18000" }

describe("the trusted roots", () => {
  it.effect("uses the trusted roots that are set, else the first bundle of a distribution that exists", () =>
    Effect.gen(function* () {
      shows("APPNET_CA_BUNDLE", "ca-bundle-order")
      const usual = ["/etc/pki/tls/cert.pem", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"]
      const rootsOn = (paths: ReadonlyArray<string>, environment: Environment = {}) =>
        Effect.map(
          generatedOf({ ...standalone, ...environment }, { files: readOnlyFiles(...paths) }),
          ({ value, warnings }) => ({
            path: /"rootCerts":\{"filename":"([^"]+)"/.exec(JSON.stringify(value))?.[1],
            warnings
          })
        )
      for (const [i, path] of usual.entries()) {
        assert.deepStrictEqual(yield* rootsOn(usual.slice(i)), { path, warnings: [] })
      }
      assert.deepStrictEqual(yield* rootsOn([]), {
        path: usual[0],
        warnings: [`${usual[0]} does not exist: set APPNET_CA_BUNDLE to a file with the trusted roots`]
      })
      assert.deepStrictEqual(yield* rootsOn([...usual, "/my.pem"], { APPNET_CA_BUNDLE: "/my.pem" }), {
        path: "/my.pem",
        warnings: []
      })
    })
  )
})
