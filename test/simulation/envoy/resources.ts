// What a control plane serves or a bootstrap has, as far as it matters for what the admin shows.

export interface ListenerResource {
  readonly name: string
  /** `127.0.0.1:10080`, or the path of a socket. */
  readonly address: string
  readonly direction?: "INBOUND" | "OUTBOUND"
  readonly protocol: "http" | "tcp"
  readonly statPrefix: string
  /** The routes that it gets by RDS: it is warming until they have come. */
  readonly routes?: string
  /** Milliseconds that it waits for its routes: 15 s in Envoy where none is set; 0 for ever. */
  readonly routesTimeout?: number
  /** Stands for all that can differ besides: another number is another configuration. */
  readonly revision?: number
  /** Why Envoy cannot take it, in Envoy's words. */
  readonly problem?: string
  /** Envoy takes it, but no worker can listen: it fails once its routes are there, when its update counts as accepted. */
  readonly failsLate?: boolean
  /** It holds a type that Envoy does not know, so that Envoy cannot print it. */
  readonly isUnprintable?: boolean
}

export interface ClusterResource {
  readonly name: string
  readonly type: "EDS" | "STATIC"
  readonly revision?: number
  readonly problem?: string
  /** Milliseconds that an EDS cluster waits for its endpoints: 15 s in Envoy where none is set; 0 for ever. */
  readonly endpointsTimeout?: number
  /** Number of its endpoints, for a static one. */
  readonly endpoints?: number
}

export interface EndpointsResource {
  readonly cluster: string
  readonly endpoints: number
  readonly problem?: string
}

export interface RoutesResource {
  readonly name: string
  readonly revision?: number
  readonly problem?: string
}

/** All that a control plane serves. A list that is absent is not served: who asks for it waits. */
export interface Resources {
  readonly clusters?: ReadonlyArray<ClusterResource>
  readonly endpoints?: ReadonlyArray<EndpointsResource>
  readonly listeners?: ReadonlyArray<ListenerResource>
  readonly routes?: ReadonlyArray<RoutesResource>
}

/** The types in the order in which an update is sent: a resource comes after those that it refers to. */
export const kinds = ["clusters", "endpoints", "listeners", "routes"] as const
export type Kind = (typeof kinds)[number]
