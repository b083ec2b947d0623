import type { Kind, Resources } from "./resources.ts"

/** `away` refuses connections. A `black hole` accepts them and says nothing, as where packets are dropped. */
export type Reachability = "serving" | "away" | "black hole"

/** What Envoy is told on a stream. */
export interface StreamClient {
  /** `names` are those that were asked for, of the kinds of which Envoy asks for single ones. */
  readonly onUpdate: (kind: Kind, version: string, resources: Resources, names: ReadonlyArray<string>) => void
  /** The control plane goes on to send the last update of this kind so many times a second, until it sends another. */
  readonly onRepeats: (kind: Kind, perSecond: number) => void
  /** gRPC's status. */
  readonly onEnd: (status: number) => void
}

export interface XdsStream {
  /** Asks for all of a kind, or for those of these names: all that are wanted now. */
  readonly request: (kind: Kind, names: ReadonlyArray<string>) => void
  readonly reject: (kind: Kind) => void
  readonly close: () => void
}

/** The side that Envoy sees. */
export interface ControlPlane {
  readonly reachability: () => Reachability
  readonly open: (client: StreamClient) => XdsStream
  /** Tells when a connection is lost or can be made again. Answers a function that ends it. */
  readonly onReachability: (listener: () => void) => () => void
}
