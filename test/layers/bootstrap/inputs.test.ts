import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { noInstanceFacts, noTaskFacts } from "../../../src/services/Metadata.ts"
import { shows } from "../../shows.ts"
import { generatedOf, serviceConnect } from "./harness.ts"

describe("metadata endpoints", () => {
  it.effect("are asked at the same time, and a missing answer is a warning", () =>
    Effect.gen(function* () {
      shows("metadata-side-by-side")
      const slow = <A>(facts: A, warning: string) =>
        Effect.delay(Effect.succeed({ facts, warnings: [warning] }), "2 seconds")
      const began = yield* Clock.currentTimeMillis
      const fiber = yield* Effect.forkScoped(
        generatedOf(
          {
            ...serviceConnect,
            APPMESH_PLATFORM_K8S_VERSION: "1",
            APPMESH_PLATFORM_K8S_POD_UID: "2",
            APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: "3"
          },
          { task: slow(noTaskFacts, "no task"), instance: slow(noInstanceFacts, "no instance") }
        )
      )
      yield* TestClock.adjust("2 seconds")
      const { value, warnings } = yield* Fiber.join(fiber)
      assert.strictEqual((yield* Clock.currentTimeMillis) - began, 2000)
      assert.deepStrictEqual(warnings, ["no task", "no instance"])
      assert.notProperty(value.node, "locality")
    })
  )

  it.effect("provide the locality and the platform info", () =>
    Effect.gen(function* () {
      shows("mode-service-connect")
      const facts = {
        ...noTaskFacts,
        availabilityZone: "us-west-2a",
        availabilityZoneId: "usw2-az2",
        cpu: "256",
        ipFamilies: "ALL" as const
      }
      const task = Effect.succeed({ facts, warnings: [] })
      const { value } = yield* generatedOf({ ...serviceConnect, AWS_REGION: "us-west-2" }, { task })
      const { node } = value
      assert.deepInclude(node, { locality: { region: "us-west-2", zone: "usw2-az2" } })
      const { metadata } = Schema.decodeUnknownSync(Schema.Struct({ metadata: Schema.JsonObject }))(node)
      assert.deepStrictEqual(metadata["aws.appmesh.platformInfo"], {
        AvailabilityZone: "us-west-2a",
        AvailabilityZoneID: "usw2-az2",
        ecsPlatformInfo: { CPU: "256" },
        supportedIPFamilies: "ALL",
        systemInfo: { systemKernelVersion: "6.1.0", systemPlatform: "x86_64" }
      })
      assert.deepStrictEqual(metadata["aws.appmesh.task.interfaces"], {
        ipv4: { lo: ["127.0.0.1/8"], eth0: ["10.0.0.3/24"] },
        ipv6: { eth0: ["fd00::3/64"] }
      })
    })
  )
})
