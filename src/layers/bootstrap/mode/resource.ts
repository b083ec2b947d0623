import type { SettingName, Settings } from "../../../services/Settings.ts"

/** What the task stands for in the mesh. */
export type Resource =
  | { readonly _tag: "VirtualNode"; readonly mesh: string; readonly name: string }
  | { readonly _tag: "VirtualGateway"; readonly mesh: string; readonly name: string }
  | { readonly _tag: "TaskSet"; readonly cluster: string; readonly service: string }

const kinds = { virtualNode: "VirtualNode", virtualGateway: "VirtualGateway" } as const

/** Reads an ARN, or its short form without `arn:...:`; undefined for anything else. */
export const parseResource = (text: string): Resource | undefined => {
  const path = text.startsWith("arn:") ? text.split(":").slice(5).join(":") : text
  const parts = path.split("/")
  if (parts.some((part) => part === "")) return undefined
  const [first, second = "", third = "", fourth = ""] = parts
  if (first === "mesh" && parts.length === 4 && (third === "virtualNode" || third === "virtualGateway")) {
    return { _tag: kinds[third], mesh: second, name: fourth }
  }
  if (first === "task-set" && parts.length >= 3) return { _tag: "TaskSet", cluster: second, service: third }
  return undefined
}

/** The variable and value that name the resource; the deprecated ones come last. */
export const namedResource = (
  settings: Settings
): { readonly variable: SettingName; readonly value: string } | undefined => {
  for (const variable of ["APPMESH_RESOURCE_ARN", "APPMESH_RESOURCE_NAME", "APPMESH_VIRTUAL_NODE_NAME"] as const) {
    const value = settings[variable]
    if (value !== undefined) return { variable, value }
  }
  return undefined
}
