import { onTestFinished } from "vitest"
import { type ControlPlane, type MeshResources, type Resource, startControlPlane } from "../../demo/ControlPlane.ts"
import { type Agent, type AgentOptions, freePort, privateFolder, startAgent } from "./agent.ts"

const http = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

/** A listener on loopback that answers every request with status 200 and this body. */
export const answering = (port: number, body: string, name = `ingress-${port}`): Resource => ({
  name,
  address: { socketAddress: { address: "127.0.0.1", portValue: port } },
  filterChains: [
    {
      filters: [
        {
          name: "envoy.filters.network.http_connection_manager",
          typedConfig: {
            "@type": `type.googleapis.com/${http}`,
            statPrefix: name,
            routeConfig: {
              virtualHosts: [
                {
                  name: "all",
                  domains: ["*"],
                  routes: [{ match: { prefix: "/" }, directResponse: { status: 200, body: { inlineString: body } } }]
                }
              ]
            },
            httpFilters: [
              {
                name: "envoy.filters.http.router",
                typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" }
              }
            ]
          }
        }
      ]
    }
  ]
})

/** Starts a control plane on the socket `xds.sock` in `folder`. It is closed when the test ends. */
export const controlPlaneIn = async (folder: string, resources: MeshResources): Promise<ControlPlane> => {
  const plane = await startControlPlane({ address: `unix://${folder}/xds.sock`, resources })
  onTestFinished(() => plane.close())
  return plane
}

export interface Mesh {
  readonly agent: Agent
  readonly plane: ControlPlane
  readonly folder: string
  readonly listener: string
  readonly listenerPort: number
}

export const serviceConnect = (folder: string): Readonly<Record<string, string>> => ({
  APPMESH_XDS_ENDPOINT: `unix://${folder}/xds.sock`,
  APPMESH_RESOURCE_ARN: "arn:aws:ecs:us-west-2:123456789012:task-set/cluster/service/ecs-svc/1"
})

/** Starts an agent in Service Connect mode, and a control plane that serves one listener to it. */
export const startMesh = async (options: AgentOptions = {}): Promise<Mesh> => {
  const folder = privateFolder()
  const listenerPort = await freePort()
  const plane = await controlPlaneIn(folder, { listeners: [answering(listenerPort, "from the mesh")] })
  const environment = { ...serviceConnect(folder), ...options.environment }
  const agent = await startAgent({ ...options, folder, environment })
  return { agent, plane, folder, listenerPort, listener: `http://127.0.0.1:${listenerPort}` }
}
