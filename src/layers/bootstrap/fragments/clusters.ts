import type { Settings } from "../../../services/Settings.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"

export const localClusterName = "local_cluster"

/**
 * The cluster of this service's own tasks. Zone-aware routing compares its zones with those of an upstream. Its
 * endpoints come by EDS; the short timeout lets Envoy start even if the management server sends none.
 */
const localCluster: PartObject = {
  name: localClusterName,
  type: "EDS",
  edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout: "0.001s", resourceApiVersion: "V3" } }
}

/** A cluster with one endpoint. `options` are further fields, the discovery type among them. */
export const oneEndpointCluster = (name: string, address: Part, options: PartObject): PartObject => ({
  name,
  connectTimeout: "1s",
  ...options,
  loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] }
})

const secretDiscoveryCluster = (path: string) =>
  withSource(
    oneEndpointCluster(
      "static_cluster_sds_unix_socket",
      { pipe: { path } },
      { type: "STATIC", http2ProtocolOptions: {} }
    ),
    "APPMESH_SDS_SOCKET_PATH"
  )

/** The static clusters. `tracerCluster` is where the tracer sends its spans. */
export const clustersFragment = (
  settings: Settings,
  hasLocalCluster: boolean,
  tracerCluster: Part | undefined
): ReadonlyArray<Part> => [
  ...(hasLocalCluster ? [localCluster] : []),
  ...(tracerCluster === undefined ? [] : [tracerCluster]),
  ...(settings.APPMESH_SDS_SOCKET_PATH === undefined ? [] : [secretDiscoveryCluster(settings.APPMESH_SDS_SOCKET_PATH)])
]
