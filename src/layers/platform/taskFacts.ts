import { Option, Schema } from "effect"
import type { Json } from "../../services/Bootstrap.ts"
import { isIpv6 } from "../../services/hostPort.ts"
import { parseJsonObject } from "../../services/jsonObject.ts"
import type { IpFamilies, TaskFacts } from "../../services/Metadata.ts"

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
 * The networks through which the task is reached. In awsvpc mode all containers share one; in bridge mode each has its
 * own, and the task's is that of the pause container.
 */
const taskNetworks = (containers: ReadonlyArray<typeof Container.Type>): ReadonlyArray<Network> =>
  containers.flatMap(({ Networks = [], Type }) =>
    Networks.filter(({ NetworkMode }) => NetworkMode === "awsvpc" || (NetworkMode === "bridge" && Type === "CNI_PAUSE"))
  )

/** Whether any text in a JSON value is an IPv6 address. */
const holdsIpv6 = (json: Json): boolean => {
  if (typeof json === "string") return isIpv6(json)
  return typeof json === "object" && json !== null && Object.values(json).some(holdsIpv6)
}

/**
 * In bridge mode, a pause container with both families says nothing of how the task's containers are reached: the mapping
 * of their addresses does.
 */
const familiesOf = (networks: ReadonlyArray<Network>, containerMapping: string | undefined): IpFamilies | undefined => {
  const hasIpv4 = networks.some(({ IPv4Addresses = [] }) => IPv4Addresses.length > 0)
  const hasIpv6 = networks.some(({ IPv6Addresses = [] }) => IPv6Addresses.length > 0)
  if (hasIpv4 && hasIpv6) {
    const isBridge = networks.some(({ NetworkMode }) => NetworkMode === "bridge")
    const mapping = isBridge && containerMapping !== undefined ? parseJsonObject(containerMapping) : undefined
    return mapping !== undefined && holdsIpv6(mapping) ? "IPv6_ONLY" : "ALL"
  }
  if (hasIpv4) return "IPv4_ONLY"
  return hasIpv6 ? "IPv6_ONLY" : undefined
}

export interface ReadTask {
  readonly facts: TaskFacts
  /** Fields that have another type than expected, with what was expected. They are left out of the facts. */
  readonly invalidFields: ReadonlyArray<string>
}

/**
 * The facts in the JSON answers to `URI` (the container) and `URI/task`. A field that is missing, or has another type
 * than expected, leaves out that fact alone. `containerMapping` is the text of `APPNET_CONTAINER_IP_MAPPING`.
 */
export const readTask = (container: unknown, task: unknown, containerMapping?: string): ReadTask => {
  const invalidFields: Array<string> = []
  const read = <A>(json: unknown, name: string, schema: Schema.Codec<A, unknown>): A | undefined => {
    if (typeof json !== "object" || json === null) return undefined
    const field: unknown = Reflect.get(json, name)
    if (field === undefined || field === null) return undefined
    const decoded = Schema.decodeUnknownOption(schema)(field)
    if (Option.isNone(decoded)) invalidFields.push(name)
    return Option.getOrUndefined(decoded)
  }
  const readText = (name: string) => read(task, name, Schema.NonEmptyString)
  const limits = read(container, "Limits", Schema.Unknown)
  const readLimit = (name: "CPU" | "Memory") => {
    const value = read(limits, name, Schema.Finite)
    return value === undefined ? undefined : `${value}`
  }
  const facts: TaskFacts = {
    clusterArn: readText("Cluster"),
    taskArn: readText("TaskARN"),
    availabilityZone: readText("AvailabilityZone"),
    availabilityZoneId: readText("AvailabilityZoneID"),
    cpu: readLimit("CPU"),
    memory: readLimit("Memory"),
    ipFamilies: familiesOf(taskNetworks(read(task, "Containers", Schema.Array(Container)) ?? []), containerMapping)
  }
  return { facts, invalidFields }
}
