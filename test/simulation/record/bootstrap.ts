import type { Json } from "../../../demo/protobuf.ts"
import { type PortOf, renderResources } from "./render.ts"
import { adminPort, type Scenario } from "./scenario.ts"

/** Where the control plane listens in every scenario. */
export const controlPlanePort = 10_098

/** The bootstrap of a scenario, in proto3 JSON. The admin's address and the control plane's channel are like those of the agent's. */
export const bootstrapOf = ({ controlPlane, fixed = {} }: Scenario, portOf: PortOf): Json => {
  const upstream = fixed.clusters?.some(({ name }) => name === "upstream") ?? false
  const { clusters, listeners } = renderResources(fixed, portOf, upstream)
  const timeout = `${controlPlane?.fetchTimeout ?? 0}s`
  const source = { ads: {}, initialFetchTimeout: timeout, resourceApiVersion: "V3" }
  const args = {
    "grpc.initial_reconnect_backoff_ms": { intValue: 1000 },
    "grpc.max_reconnect_backoff_ms": { intValue: 30_000 }
  }
  const targetUri = `127.0.0.1:${portOf(controlPlanePort)}`
  return {
    node: { id: "recorded", cluster: "recorded" },
    admin: { address: { socketAddress: { address: "127.0.0.1", portValue: portOf(adminPort) } } },
    layeredRuntime: { layers: [{ name: "admin_layer", adminLayer: {} }] },
    staticResources: { listeners, clusters },
    ...(controlPlane === undefined
      ? {}
      : {
          dynamicResources: {
            adsConfig: {
              apiType: "GRPC",
              transportApiVersion: "V3",
              grpcServices: [{ googleGrpc: { statPrefix: "ads", targetUri, channelArgs: { args } } }]
            },
            ldsConfig: source,
            cdsConfig: source
          }
        })
  }
}
