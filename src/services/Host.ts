import { Context } from "effect"

/** An address of a network interface. */
export interface InterfaceAddress {
  /** `eth0`. */
  readonly interface: string
  readonly family: "ipv4" | "ipv6"
  /** `10.0.0.3/24`. */
  readonly cidr: string
}

/** The machine, container or pod in which the agent runs. */
export class Host extends Context.Service<
  Host,
  {
    /** The host name. */
    readonly name: string
    /** As `uname -r` prints it. */
    readonly kernelVersion: string
    /** As `uname -m` prints it. */
    readonly machine: string
    readonly addresses: ReadonlyArray<InterfaceAddress>
  }
>()("agent/Host") {}
