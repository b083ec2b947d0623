import { Context } from "effect"

/** An address of a network interface, in CIDR notation. */
export interface InterfaceAddress {
  readonly interface: string
  readonly family: "ipv4" | "ipv6"
  readonly cidr: string
}

/** The machine, container or pod that the agent runs on. */
export class Host extends Context.Service<
  Host,
  {
    readonly name: string
    /** As `uname -r` says. */
    readonly kernelVersion: string
    /** As `uname -m` says. */
    readonly machine: string
    readonly addresses: ReadonlyArray<InterfaceAddress>
  }
>()("agent/Host") {}
