// Reads the control plane's resources from a YAML file, and watches the file for changes.
import { readFileSync, unwatchFile, watchFile } from "node:fs"
import { parse } from "yaml"
import type { MeshResources } from "./ControlPlane.ts"
import type { Json } from "./protobuf.ts"

/** Replacements for ports in the file: from the port in the file to the port to use. */
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

/** Throws where the file cannot be read, is not YAML, or has something else than lists of resources by kind. */
export const readMesh = (file: string, ports: Ports = new Map()): MeshResources => {
  const json: unknown = withPorts(parse(readFileSync(file, "utf8")) ?? {}, ports)
  if (!isResources(json)) throw new Error(`expected lists named listeners, clusters, endpoints, routes, secrets`)
  return json
}

/** Calls `changed` after each change, until the returned function is called. It polls, since editors replace files. */
export const onMeshChange = (file: string, changed: () => void): (() => void) => {
  const listener = () => changed()
  watchFile(file, { interval: 250 }, listener)
  return () => unwatchFile(file, listener)
}
