import { Result } from "effect"
import { InvalidSetting } from "../../../services/Config.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"

/** The resource of App Mesh or Service Connect that an Envoy represents. */
export type MeshResource =
  | { readonly _tag: "VirtualNode"; readonly mesh: string; readonly name: string }
  | { readonly _tag: "VirtualGateway"; readonly mesh: string; readonly name: string }
  | { readonly _tag: "TaskSet"; readonly cluster: string; readonly service: string }
  /** Of a kind that only the management server knows. The name is what the ARN ends in. */
  | { readonly _tag: "Other"; readonly name: string }

/** The member of a mesh that an Envoy represents, in App Mesh and Service Connect mode. */
export interface MeshMember {
  readonly nodeId: string
  /** The variable that names the resource. */
  readonly resourceVariable: SettingName
  readonly resource: MeshResource
  /** May be unknown in Service Connect mode, which does not need it. */
  readonly region: string | undefined
}

const tagOf = { virtualNode: "VirtualNode", virtualGateway: "VirtualGateway" } as const

/** What follows the account in an ARN; undefined for any other text, or if there is nothing. */
const resourceOfArn = (text: string): string | undefined => /^arn:(?:[^:]*:){4}(.+)$/s.exec(text)?.[1]

/** Reads an ARN, or its short form without `arn:...:`. Undefined for any other text. */
const parseMeshResource = (text: string): MeshResource | undefined => {
  const path = text.startsWith("arn:") ? text.split(":").slice(5).join(":") : text
  const parts = path.split("/")
  if (parts.some((part) => part === "")) return undefined
  const [first, second = "", third = "", fourth = ""] = parts
  if (first === "mesh" && parts.length === 4 && (third === "virtualNode" || third === "virtualGateway")) {
    return { _tag: tagOf[third], mesh: second, name: fourth }
  }
  if (first === "task-set" && parts.length >= 3) return { _tag: "TaskSet", cluster: second, service: third }
  return undefined
}

/** The resources that the agent knows, in words that follow "expected". */
export const knownArns =
  "an ARN that ends in mesh/NAME/virtualNode/NAME, mesh/NAME/virtualGateway/NAME or task-set/CLUSTER/SERVICE/..."

/** The variables that may name the resource. The first one that is set wins; the others are deprecated. */
const resourceVariables = ["APPMESH_RESOURCE_ARN", "APPMESH_RESOURCE_NAME", "APPMESH_VIRTUAL_NODE_NAME"] as const

const namedResource = (settings: Settings): { readonly variable: SettingName; readonly value: string } | undefined => {
  for (const variable of resourceVariables) {
    const value = settings[variable]
    if (value !== undefined) return { variable, value }
  }
  return undefined
}

/**
 * The node that the settings name. Its id is the text as it was set. With `anyArn`, an ARN of an unknown kind names one
 * as well.
 */
export const meshMember = (
  settings: Settings,
  region: string | undefined,
  { anyArn }: { readonly anyArn: boolean }
): Result.Result<MeshMember, InvalidSetting> => {
  const named = namedResource(settings)
  if (named === undefined) {
    const reason =
      "is not set: expected the ARN of the task set, virtual node or virtual gateway; for a control plane without AWS, set APPNET_XDS_MODE"
    return Result.fail(new InvalidSetting({ variable: "APPMESH_RESOURCE_ARN", value: undefined, reason }))
  }
  const { value, variable } = named
  const otherName = anyArn ? resourceOfArn(value) : undefined
  const resource =
    parseMeshResource(value) ?? (otherName === undefined ? undefined : { _tag: "Other" as const, name: otherName })
  if (resource === undefined) {
    const reason = `is not a known resource: expected ${knownArns}`
    return Result.fail(new InvalidSetting({ variable, value, reason }))
  }
  return Result.succeed({ nodeId: value, resourceVariable: variable, resource, region })
}
