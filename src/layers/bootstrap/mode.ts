import { Result } from "effect"
import type { Settings } from "../../services/Settings.ts"
import { namedResource, parseResource, type Resource } from "./resource.ts"

/** How Envoy gets its configuration. */
export interface BootstrapMode {
  readonly _tag: "ServiceConnect"
  /** `unix://` and the path of the relay's socket. */
  readonly endpoint: string
  readonly nodeId: string
  readonly resource: Resource
}

const unavailable = (how: string) =>
  `${how} is not served by this version: set APPMESH_XDS_ENDPOINT=unix://PATH (Service Connect), or bring a whole bootstrap by ENVOY_CONFIG_FILE`

/** The mode that the settings ask for, or every reason why there is none. */
export const modeOf = (settings: Settings): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  if (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS) {
    return Result.fail([unavailable("relay mode (APPNET_ENABLE_RELAY_MODE_FOR_XDS)")])
  }
  if (settings.APPNET_XDS_MODE !== undefined) {
    return Result.fail([unavailable(`standalone mode (APPNET_XDS_MODE=${settings.APPNET_XDS_MODE})`)])
  }
  const named = namedResource(settings)
  if (named === undefined) {
    return Result.fail([
      "APPMESH_RESOURCE_ARN is not set: expected the ARN of the task set, virtual node or virtual gateway"
    ])
  }
  const resource = parseResource(named.value)
  if (resource === undefined) {
    return Result.fail([
      `${named.variable}=${named.value} is no known resource: expected an ARN that ends in mesh/NAME/virtualNode/NAME, mesh/NAME/virtualGateway/NAME or task-set/CLUSTER/SERVICE/...`
    ])
  }
  const endpoint = settings.APPMESH_XDS_ENDPOINT
  if (endpoint?.startsWith("unix:") !== true) return Result.fail([unavailable("App Mesh mode (no unix:// endpoint)")])
  return Result.succeed({ _tag: "ServiceConnect", endpoint, nodeId: named.value, resource })
}
