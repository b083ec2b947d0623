import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Instance from "../../../src/layers/platform/InstanceMetadataLive.ts"
import { InstanceMetadata } from "../../../src/services/Metadata.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { type Routes, serverOf } from "./metadataServer.ts"

const imds = "http://169.254.169.254/latest"
const pod = {
  APPMESH_PLATFORM_K8S_VERSION: "v1.29",
  APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: "v1.13",
  APPMESH_PLATFORM_K8S_POD_UID: "uid"
}
const instanceOf = (routes: Routes, environment: Readonly<Record<string, string>> = pod) => {
  const server = serverOf(routes)
  const collect = Effect.flatMap(InstanceMetadata, (metadata) => metadata.collect).pipe(
    Effect.provide(Instance.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings(environment)))))
  )
  return { ...server, collect }
}

describe("the instance metadata service", () => {
  it.effect("is asked with a token", () =>
    Effect.gen(function* () {
      const { collect, requests } = instanceOf({
        [`PUT ${imds}/api/token`]: "t0k",
        [`GET ${imds}/meta-data/placement/region with t0k`]: "eu-west-1",
        [`GET ${imds}/meta-data/placement/availability-zone with t0k`]: "eu-west-1a\n",
        [`GET ${imds}/meta-data/placement/availability-zone-id with t0k`]: "euw1-az3"
      })
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, {
        region: "eu-west-1",
        availabilityZone: "eu-west-1a",
        availabilityZoneId: "euw1-az3"
      })
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(requests.length, 4)
    })
  )

  it.effect("is asked without a token if it gives none within 500 ms, and takes at most 2 s", () =>
    Effect.gen(function* () {
      shows("imds-token")
      const { collect } = instanceOf({ [`GET ${imds}/meta-data/placement/region`]: "eu-west-1" })
      const fiber = yield* Effect.forkScoped(collect)
      yield* TestClock.adjust(500)
      yield* TestClock.adjust(1500)
      const { facts, warnings } = yield* Fiber.join(fiber)
      assert.strictEqual(facts.region, "eu-west-1")
      assert.strictEqual(warnings.length, 2)
      assert.match(`${warnings[0]}`, /placement\/availability-zone: no answer in 1500 ms/)
    })
  )

  it.effect("is not asked for a region that is set, and an HTML page is not taken for a zone", () =>
    Effect.gen(function* () {
      shows("AWS_EC2_METADATA_SERVICE_ENDPOINT")
      const at = "http://127.0.0.1:9/latest"
      const { collect, requests } = instanceOf(
        {
          [`PUT ${at}/api/token`]: { status: 404 },
          [`GET ${at}/meta-data/placement/availability-zone`]: "<html>log in</html>",
          [`GET ${at}/meta-data/placement/availability-zone-id`]: { status: 404 }
        },
        { ...pod, AWS_REGION: "us-west-2", AWS_EC2_METADATA_SERVICE_ENDPOINT: "127.0.0.1:9/" }
      )
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, { region: "us-west-2", availabilityZone: undefined, availabilityZoneId: undefined })
      assert.match(warnings.join("\n"), /the answer is not a name\n.*status 404/)
      assert.isTrue(requests.every((line) => line.startsWith("PUT http://127.0.0.1:9/") || !line.includes("region")))
    })
  )

  it.effect("is asked without a token, with a warning, where the token could not be sent back", () =>
    Effect.gen(function* () {
      shows("metadata-unusable")
      const { collect, requests } = instanceOf(
        {
          [`PUT ${imds}/api/token`]: "two\nlines",
          [`GET ${imds}/meta-data/placement/region`]: "eu-west-1",
          [`GET ${imds}/meta-data/placement/availability-zone`]: "eu-west-1a",
          [`GET ${imds}/meta-data/placement/availability-zone-id`]: "euw1-az3"
        },
        pod
      )
      const { facts, warnings } = yield* collect
      assert.strictEqual(facts.region, "eu-west-1")
      assert.deepStrictEqual(warnings, [`EC2 instance metadata: ${imds}/api/token: the answer is not a token`])
      assert.strictEqual(requests.length, 4)
    })
  )

  it.effect("may be given without a scheme, and is never taken for another host where it has one", () =>
    Effect.gen(function* () {
      const { collect, requests } = instanceOf(
        {
          "PUT ftp://127.0.0.1/latest/api/token": { status: 404 },
          "GET ftp://127.0.0.1/latest/meta-data/placement/availability-zone": { status: 404 },
          "GET ftp://127.0.0.1/latest/meta-data/placement/availability-zone-id": { status: 404 }
        },
        { ...pod, AWS_REGION: "us-west-2", AWS_EC2_METADATA_SERVICE_ENDPOINT: "ftp://127.0.0.1" }
      )
      yield* collect
      assert.strictEqual(requests.length, 3)
    })
  )

  it.effect("is asked for the zone of a pod alone", () =>
    Effect.gen(function* () {
      shows("imds-when")
      const { APPMESH_PLATFORM_K8S_POD_UID: _, ...others } = pod
      for (const environment of [{}, others]) {
        const { collect, requests } = instanceOf(
          { [`PUT ${imds}/api/token`]: "t", [`GET ${imds}/meta-data/placement/region with t`]: "eu-west-1" },
          environment
        )
        const { facts, warnings } = yield* collect
        assert.deepStrictEqual(facts, {
          region: "eu-west-1",
          availabilityZone: undefined,
          availabilityZoneId: undefined
        })
        assert.deepStrictEqual(warnings, [])
        assert.strictEqual(requests.length, 2)
      }
    })
  )
})
