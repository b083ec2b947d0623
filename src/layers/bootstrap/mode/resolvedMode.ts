import type { Option } from "effect"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import type { SettingName } from "../../../services/Settings.ts"
import type { MeshResource } from "./meshResource.ts"
import type { RelayUpstream } from "./relayUpstream.ts"

/** The member of a mesh that an Envoy represents, in App Mesh and Service Connect mode. */
export interface MeshMember {
  readonly nodeId: string
  /** The variable that names the resource. */
  readonly resourceVariable: SettingName
  readonly resource: MeshResource
  /** May be unknown in Service Connect mode, which does not need it. */
  readonly region: string | undefined
}

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

/** What a mode depends on besides the settings. */
export interface ModeFacts {
  readonly hostName: string
  /** None if Envoy's version is unknown. */
  readonly version: Option.Option<EnvoyVersion>
  /** `AWS_REGION`, else the region of the EC2 instance. */
  readonly region: string | undefined
  /** Whether a second Envoy signs the requests of App Mesh mode. */
  readonly usesLocalRelay: boolean
  /** Whether the user set a variable. */
  readonly isSet: (name: SettingName) => boolean
}
