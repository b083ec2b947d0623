import type { Resources } from "../envoy/resources.ts"
import type { ConnectionKind } from "../envoy/traffic.ts"

/** What happens to an Envoy and to what surrounds it. Ports are made up: the recorder takes free ones in their place. */
export type Step = { readonly at: number } & (
  | { readonly do: "serve"; readonly resources: Resources }
  | { readonly do: "control plane"; readonly becomes: "away" | "serving" | "black hole" }
  | { readonly do: "end streams" }
  | { readonly do: "ask"; readonly method: "GET" | "POST"; readonly target: string }
  | { readonly do: "signal"; readonly name: NodeJS.Signals }
  /** Another program begins to listen at an address, or ends. */
  | { readonly do: "occupy" | "free"; readonly address: string }
  | { readonly do: "connect"; readonly id: string; readonly listener: string; readonly kind: ConnectionKind }
  | { readonly do: "request"; readonly id: string; readonly duration: number }
  | { readonly do: "close"; readonly id: string }
  | { readonly do: "flow"; readonly listener: string; readonly perSecond: number; readonly lasts: number }
)

export interface Scenario {
  readonly name: string
  readonly arguments: ReadonlyArray<string>
  /** What is in the bootstrap. */
  readonly fixed?: Resources
  /** Undefined for a bootstrap without a control plane. */
  readonly controlPlane?: {
    readonly initially: "away" | "serving" | "silent" | "black hole"
    readonly resources: Resources
    /** In seconds; 0 waits for ever. */
    readonly fetchTimeout: number
    /** Whether it sends each rejected update again, as fast as it can. */
    readonly repeatsRejected?: boolean
  }
  readonly steps: ReadonlyArray<Step>
  /** Milliseconds of observation. */
  readonly lasts: number
  /** Milliseconds between two looks. */
  readonly every: number
  /** Milliseconds by which a change may come earlier or later. */
  readonly tolerance: number
  /** A regular expression for the names of the stats that are observed. */
  readonly stats: string
  /** Series whose values depend on the speed of the machine: only their order is compared. */
  readonly unsteady?: ReadonlyArray<string>
}

/** The port of the admin in every scenario. */
export const adminPort = 10_000
