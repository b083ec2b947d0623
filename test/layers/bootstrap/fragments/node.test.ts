import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../shows.ts"
import { type Environment, generatedOf, virtualNode } from "../harness.ts"

describe("the node", () => {
  it.effect("names the node cluster by the deprecated variable if the new one is not set", () =>
    Effect.gen(function* () {
      shows("APPMESH_VIRTUAL_NODE_CLUSTER", "APPMESH_RESOURCE_CLUSTER")
      const clusterOf = (environment: Environment) =>
        Effect.map(
          generatedOf({ APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2", ...environment }),
          ({ value }) => Reflect.get(Object(value.node), "cluster")
        )
      assert.strictEqual(yield* clusterOf({}), virtualNode)
      assert.strictEqual(yield* clusterOf({ APPMESH_VIRTUAL_NODE_CLUSTER: "old" }), "old")
      const both = { APPMESH_VIRTUAL_NODE_CLUSTER: "old", APPMESH_RESOURCE_CLUSTER: "new" }
      assert.strictEqual(yield* clusterOf(both), "new")
    })
  )
})
