import type { Settings } from "../../../services/Settings.ts"
import { by, type Part, type PartObject } from "../provenance.ts"

export const localCluster = "local_cluster"

/** Zone aware routing needs to know how many of the own service run in each zone: EDS says, or Envoy goes on without. */
const localClusterResource: PartObject = {
  name: localCluster,
  type: "EDS",
  edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout: "0.001s", resourceApiVersion: "V3" } }
}

/** A cluster of one endpoint, whose address may be a name. */
export const clusterOf = (name: string, address: Part, more: PartObject): PartObject => ({
  name,
  connectTimeout: "1s",
  ...more,
  loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] }
})

const secretDiscovery = (path: string) =>
  by(
    clusterOf("static_cluster_sds_unix_socket", { pipe: { path } }, { type: "STATIC", http2ProtocolOptions: {} }),
    "APPMESH_SDS_SOCKET_PATH"
  )

/** The clusters that are there before any configuration comes; `ofTracer` is where spans go. */
export const clustersFragment = (
  settings: Settings,
  withLocalCluster: boolean,
  ofTracer: Part | undefined
): ReadonlyArray<Part> => [
  ...(withLocalCluster ? [localClusterResource] : []),
  ...(ofTracer === undefined ? [] : [ofTracer]),
  ...(settings.APPMESH_SDS_SOCKET_PATH === undefined ? [] : [secretDiscovery(settings.APPMESH_SDS_SOCKET_PATH)])
]
