// The control plane's resources from a YAML file that is edited while they are served.
import { readFileSync, unwatchFile, watchFile } from "node:fs"
import { parse } from "yaml"
import type { MeshResources } from "./ControlPlane.ts"
import type { Json } from "./protobuf.ts"

/** Ports that stand in the file, and what to take in their place where they are taken. */
export type Ports = ReadonlyMap<number, number>

const withPorts = (json: Json, ports: Ports): Json => {
  if (Array.isArray(json)) return json.map((item: Json) => withPorts(item, ports))
  if (typeof json !== "object" || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      /^port_?value$/i.test(key) && typeof value === "number" ? (ports.get(value) ?? value) : withPorts(value, ports)
    ])
  )
}

const isResources = (json: unknown): json is MeshResources =>
  typeof json === "object" &&
  json !== null &&
  Object.values(json).every((list) => Array.isArray(list) && list.every((item) => typeof item === "object"))

/** Reads the file; throws at what is no list of resources by kind. */
export const readMesh = (file: string, ports: Ports = new Map()): MeshResources => {
  const json: unknown = withPorts(parse(readFileSync(file, "utf8")) ?? {}, ports)
  if (!isResources(json))
    throw new Error(`${file}: expected lists named listeners, clusters, endpoints, routes, secrets`)
  return json
}

/** Calls back after each change; returns how to stop. Editors replace a file as often as they write to it. */
export const onMeshChange = (file: string, changed: () => void): (() => void) => {
  const listener = () => changed()
  watchFile(file, { interval: 250 }, listener)
  return () => unwatchFile(file, listener)
}
