import * as os from "node:os"
import { Layer } from "effect"
import { Host } from "../../services/Host.ts"

/** Read once, when the layer is built. */
export const HostLive = Layer.sync(Host, () =>
  Host.of({
    name: os.hostname(),
    kernelVersion: os.release(),
    machine: os.machine(),
    addresses: Object.entries(os.networkInterfaces()).flatMap(([name, found = []]) =>
      found.map(({ address, cidr, family }) => ({
        interface: name,
        family: family === "IPv4" ? ("ipv4" as const) : ("ipv6" as const),
        cidr: cidr ?? address
      }))
    )
  })
)
