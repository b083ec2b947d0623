import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../shows.ts"
import {
  appMesh,
  type Environment,
  fieldNamed,
  generatedOf,
  problemsOf,
  serviceConnect,
  virtualNode
} from "../harness.ts"

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

  it.effect("has facts about Kubernetes only if all three variables are set", () =>
    Effect.gen(function* () {
      shows("kubernetes-facts", "APPMESH_PLATFORM_K8S_VERSION", "APPMESH_PLATFORM_K8S_POD_UID")
      const three = {
        APPMESH_PLATFORM_K8S_VERSION: "v1.29",
        APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: "v1.13",
        APPMESH_PLATFORM_K8S_POD_UID: "uid"
      }
      const factsOf = (environment: Environment) =>
        Effect.map(generatedOf({ ...serviceConnect, ...environment }), ({ value }) =>
          fieldNamed(value, "k8sPlatformInfo")
        )
      const all = { k8sVersion: "v1.29", appMeshControllerVersion: "v1.13", podUid: "uid" }
      assert.deepStrictEqual(yield* factsOf(three), all)
      for (const name of Object.keys(three)) assert.isUndefined(yield* factsOf({ ...three, [name]: "" }), name)
    })
  )

  it.effect("has mappings as they are, nested values too, and none that cannot be parsed", () =>
    Effect.gen(function* () {
      shows("mappings-as-they-are", "platform-data", "APPNET_CONTAINER_IP_MAPPING", "APPNET_LISTENER_PORT_MAPPING")
      const mappingsOf = (text: string) =>
        Effect.map(
          generatedOf({ ...serviceConnect, APPNET_CONTAINER_IP_MAPPING: text, APPNET_LISTENER_PORT_MAPPING: text }),
          ({ value, warnings }) => ({
            found: [
              fieldNamed(value, "aws.ecs.serviceconnect.ClusterIPMapping"),
              fieldNamed(value, "aws.ecs.serviceconnect.ListenerPortMapping")
            ],
            warnings
          })
        )
      for (const text of ['{"a":{"b":[1,null,true,"x"]},"c":2}', "{}", '{"__proto__":{"b":"x"}}']) {
        const { found, warnings } = yield* mappingsOf(text)
        assert.deepStrictEqual(JSON.stringify(found), `[${text},${text}]`)
        assert.deepStrictEqual(warnings, [])
      }
      const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`
      for (const text of ["{a}", "[1]", '"x"', "1", "null", deep]) {
        const { found, warnings } = yield* mappingsOf(text)
        assert.deepStrictEqual(found, [undefined, undefined])
        assert.deepStrictEqual(
          warnings.map((warning) => /^\w+/.exec(warning)?.[0]),
          ["APPNET_CONTAINER_IP_MAPPING", "APPNET_LISTENER_PORT_MAPPING"]
        )
        assert.isTrue(warnings.every((warning) => warning.length < 400))
      }
    })
  )

  it.effect("is any ARN in Service Connect mode, with a warning about an unknown kind", () =>
    Effect.gen(function* () {
      shows("any-arn", "APPMESH_RESOURCE_ARN", "mode-service-connect")
      const service = "arn:aws:ecs:us-west-2:123456789012:service/cluster/web"
      const { value, warnings } = yield* generatedOf({
        ...serviceConnect,
        APPMESH_RESOURCE_ARN: service,
        ENABLE_ENVOY_DATADOG_TRACING: "1"
      })
      assert.deepInclude(value.node, { id: service, cluster: service })
      assert.strictEqual(fieldNamed(value, "serviceName"), "envoy-service/cluster/web")
      assert.strictEqual(warnings.length, 1)
      assert.include(`${warnings[0]}`, `APPMESH_RESOURCE_ARN=${service} names a resource of an unknown kind`)
      assert.deepStrictEqual((yield* generatedOf(serviceConnect)).warnings, [])
      for (const text of ["shop/cart", "arn:aws:ecs:us-west-2:123456789012:", "arn:aws:ecs"]) {
        const problems = yield* problemsOf({ ...serviceConnect, APPMESH_RESOURCE_ARN: text })
        assert.include(`${problems}`, `APPMESH_RESOURCE_ARN=${text} is not a known resource`)
      }
      // App Mesh knows nodes and gateways only.
      const inAppMesh = yield* problemsOf({ ...appMesh, APPMESH_RESOURCE_ARN: service })
      assert.include(`${inAppMesh}`, "is not a known resource")
    })
  )
})
