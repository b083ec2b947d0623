import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { noInstanceFacts } from "../../../../src/services/Metadata.ts"
import { shows } from "../../../shows.ts"
import { appMesh, envoy140, generatedOf, problemsOf, serviceConnect, virtualNode } from "../harness.ts"

describe("the region", () => {
  it.effect("is requested from EC2 only if it is needed", () =>
    Effect.gen(function* () {
      shows("imds-when", "mode-app-mesh")
      let asked = 0
      const instance = Effect.sync(() => {
        asked += 1
        return { facts: { ...noInstanceFacts, region: "ap-southeast-2" }, warnings: [] }
      })
      const { APPMESH_RESOURCE_ARN } = appMesh
      const { value } = yield* generatedOf({ APPMESH_RESOURCE_ARN: `${APPMESH_RESOURCE_ARN}` }, { instance })
      assert.include(JSON.stringify(value), "appmesh-envoy-management.ap-southeast-2.amazonaws.com:443")
      assert.strictEqual(asked, 1)
      yield* generatedOf(appMesh, { instance })
      yield* generatedOf(serviceConnect, { instance })
      yield* generatedOf({ APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "xds:1" }, { instance })
      assert.strictEqual(asked, 1)
    })
  )

  it.effect("is an error that names AWS_REGION if it is unknown or invalid", () =>
    Effect.gen(function* () {
      shows("AWS_REGION", "region-needed")
      assert.match(`${yield* problemsOf({ APPMESH_RESOURCE_ARN: virtualNode })}`, /^AWS_REGION is not set/)
      assert.match(`${yield* problemsOf({ ...appMesh, AWS_REGION: "moon/1" })}`, /^AWS_REGION=moon\/1 is not a region/)
    })
  )

  it.effect("is an error if it requires FIPS and Envoy is not built for it", () =>
    Effect.gen(function* () {
      const gov = { ...appMesh, AWS_REGION: "us-gov-west-1" }
      assert.match(`${yield* problemsOf(gov)}`, /FIPS/)
      const { value } = yield* generatedOf(gov, { version: Option.some({ ...envoy140, fips: true }) })
      assert.include(JSON.stringify(value), '"appmesh-envoy-management.us-gov-west-1.amazonaws.com:443"')
      shows("fips-regions")
      for (const region of ["us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1"]) {
        const needing = { ...appMesh, AWS_REGION: region }
        assert.match(
          `${yield* problemsOf(needing)}`,
          new RegExp(`^AWS_REGION=${region} accepts connections from a FIPS`)
        )
        // An endpoint of the user's own is the user's to judge.
        yield* generatedOf({ ...needing, APPMESH_XDS_ENDPOINT: "xds.example.com:443" })
      }
      for (const region of ["eu-isoe-west-1", "eusc-de-east-1", "cn-north-1", "us-east-1"]) {
        yield* generatedOf({ ...appMesh, AWS_REGION: region })
      }
    })
  )
})
