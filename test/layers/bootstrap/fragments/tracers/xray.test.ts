import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../../shows.ts"
import { appMesh, type Environment, fieldNamed, generatedOf, serviceConnect, virtualNode } from "../../harness.ts"

describe("X-Ray tracing", () => {
  it.effect("reads the UDP address of the X-Ray daemon from every form", () =>
    Effect.gen(function* () {
      shows("AWS_XRAY_DAEMON_ADDRESS", "XRAY_DAEMON_PORT")
      const forms: ReadonlyArray<readonly [text: string, address: string, port: number]> = [
        ["", "127.0.0.1", 3000],
        ["10.0.0.1", "10.0.0.1", 3000],
        ["10.0.0.1:2001", "10.0.0.1", 2001],
        ["[fd00::1]:2001", "fd00::1", 2001],
        ["tcp:10.0.0.1:2001 udp:10.0.0.2:2002", "10.0.0.2", 2002],
        ["udp:[::1]:2002 tcp:10.0.0.1:2001", "::1", 2002]
      ]
      for (const [text, address, portValue] of forms) {
        const environment = { ...serviceConnect, ENABLE_ENVOY_XRAY_TRACING: "1", XRAY_DAEMON_PORT: "3000" }
        const { value } = yield* generatedOf({ ...environment, AWS_XRAY_DAEMON_ADDRESS: text })
        const expected = JSON.stringify({ address, portValue, protocol: "UDP" })
        assert.include(JSON.stringify(value.tracing), `"daemonEndpoint":${expected}`, text)
      }
    })
  )

  it.effect("names a virtual gateway as it names a node, and a task set not at all", () =>
    Effect.gen(function* () {
      shows("gateway-segments", "ENABLE_ENVOY_XRAY_TRACING")
      const segmentOf = (environment: Environment) =>
        Effect.map(generatedOf({ ...environment, ENABLE_ENVOY_XRAY_TRACING: "1" }), ({ value }) =>
          fieldNamed(value, "segmentFields")
        )
      const gateway = { ...appMesh, APPMESH_RESOURCE_ARN: virtualNode.replace("virtualNode/cart", "virtualGateway/g") }
      const fields = (name: string) => ({
        origin: "AWS::AppMesh::Proxy",
        aws: { app_mesh: { mesh_name: "shop", virtual_node_name: name } }
      })
      assert.deepStrictEqual(yield* segmentOf(gateway), fields("g"))
      assert.deepStrictEqual(yield* segmentOf(appMesh), fields("cart"))
      assert.isUndefined(yield* segmentOf(serviceConnect))
    })
  )
})
