import { Option, Schema } from "effect"
import type { IpFamilies, TaskFacts } from "../../services/Metadata.ts"

/** One part of an answer: what is missing or has another shape leaves out that part alone. */
const part = <A>(json: unknown, name: string, schema: Schema.Codec<A, unknown>): A | undefined =>
  typeof json === "object" && json !== null
    ? Option.getOrUndefined(Schema.decodeUnknownOption(schema)(Reflect.get(json, name)))
    : undefined

const Text = Schema.NonEmptyString

const Network = Schema.Struct({
  NetworkMode: Schema.String,
  IPv4Addresses: Schema.optionalKey(Schema.Array(Schema.String)),
  IPv6Addresses: Schema.optionalKey(Schema.Array(Schema.String))
})
type Network = typeof Network.Type
const Container = Schema.Struct({
  Type: Schema.optionalKey(Schema.String),
  Networks: Schema.optionalKey(Schema.Array(Network))
})

/**
 * In awsvpc mode all containers share the task's network; in bridge mode each has its own, and the pause container's
 * is the one that the task is reached by.
 */
const taskNetworks = (containers: ReadonlyArray<typeof Container.Type>): ReadonlyArray<Network> =>
  containers.flatMap(({ Networks = [], Type }) =>
    Networks.filter(({ NetworkMode }) => NetworkMode === "awsvpc" || (NetworkMode === "bridge" && Type === "CNI_PAUSE"))
  )

const familiesOf = (networks: ReadonlyArray<Network>): IpFamilies | undefined => {
  const v4 = networks.some(({ IPv4Addresses = [] }) => IPv4Addresses.length > 0)
  const v6 = networks.some(({ IPv6Addresses = [] }) => IPv6Addresses.length > 0)
  if (v4 && v6) return "ALL"
  if (v4) return "IPv4_ONLY"
  return v6 ? "IPv6_ONLY" : undefined
}

const amount = (limits: unknown, name: "CPU" | "Memory"): string | undefined => {
  const value = part(limits, name, Schema.Finite)
  return value === undefined ? undefined : `${value}`
}

/** What the answers to `URI` (the container) and `URI/task` say. */
export const readTask = (container: unknown, task: unknown): TaskFacts => {
  const limits = part(container, "Limits", Schema.Unknown)
  return {
    clusterArn: part(task, "Cluster", Text),
    taskArn: part(task, "TaskARN", Text),
    availabilityZone: part(task, "AvailabilityZone", Text),
    availabilityZoneId: part(task, "AvailabilityZoneID", Text),
    cpu: amount(limits, "CPU"),
    memory: amount(limits, "Memory"),
    ipFamilies: familiesOf(taskNetworks(part(task, "Containers", Schema.Array(Container)) ?? []))
  }
}
