import type { MeshMember } from "./meshResource.ts"
import type { RelayUpstream } from "./relayUpstream.ts"

export interface ServiceConnectMode extends MeshMember {
  readonly _tag: "ServiceConnect"
  /** `unix://` and the path of the relay's socket. */
  readonly endpoint: string
}

export interface AppMeshMode extends MeshMember {
  readonly _tag: "AppMesh"
  /** `host:port`. */
  readonly endpoint: string
  readonly region: string
  /** The service name in the signature of AWS requests. */
  readonly signingName: string
  /** Where the local relay sends the requests that it signs; undefined if Envoy signs them itself. */
  readonly localRelay: RelayUpstream | undefined
}

export interface StandaloneMode {
  readonly _tag: "Standalone"
  /** `host:port`. */
  readonly endpoint: string
  readonly security: "grpc" | "tls" | "mtls"
  readonly nodeId: string
  readonly nodeCluster: string
}

export interface RelayMode {
  readonly _tag: "Relay"
  readonly upstream: RelayUpstream
}

/** A mode in which Envoy carries the traffic of a workload, so that it has a node and resources of its own. */
export type WorkloadMode = ServiceConnectMode | AppMeshMode | StandaloneMode

/** How Envoy gets its configuration, with everything that this way needs. */
export type ResolvedMode = WorkloadMode | RelayMode
