import { Option, Result } from "effect"
import type { SettingInForce } from "../../services/Config.ts"
import type { EnvoyVersion } from "../../services/EnvoyBinary.ts"
import { type SettingName, type Settings, settingsTable } from "../../services/Settings.ts"
import { hostAndPort, isPort, type Mode } from "../../services/settingKinds.ts"
import { appMeshEndpoint, needsFips } from "./endpoint.ts"
import { namedResource, parseResource, type Resource } from "./resource.ts"

interface InMesh {
  readonly nodeId: string
  /** The variable that named the resource. */
  readonly namedBy: SettingName
  readonly resource: Resource
  /** Known, or not needed. */
  readonly region: string | undefined
}

/** How Envoy gets its configuration. */
export type BootstrapMode =
  | (InMesh & {
      readonly _tag: "ServiceConnect"
      /** `unix://` and the path of the relay's socket. */
      readonly endpoint: string
    })
  | (InMesh & {
      readonly _tag: "AppMesh"
      /** `host:port`. */
      readonly endpoint: string
      readonly region: string
      readonly signingName: string
    })
  | {
      readonly _tag: "Standalone"
      /** `host:port`. */
      readonly endpoint: string
      readonly security: "grpc" | "tls" | "mtls"
      readonly nodeId: string
      readonly nodeCluster: string
    }

/** What the settings alone say; the rest of a mode may need what is asked of the world. */
export const modeKind = (settings: Settings): Exclude<Mode, "all" | "local relay"> => {
  if (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS) return "relay"
  if (settings.APPNET_XDS_MODE !== undefined) return "standalone"
  return settings.APPMESH_XDS_ENDPOINT?.startsWith("unix:") === true ? "service connect" : "app mesh"
}

/** What a mode needs from outside of the settings. */
export interface ModeFacts {
  readonly hostName: string
  readonly version: Option.Option<EnvoyVersion>
  /** `AWS_REGION`, else what the instance metadata says. */
  readonly region: string | undefined
}

const isEndpoint = (text: string) => {
  const parts = hostAndPort(text)
  return parts !== undefined && isPort(parts.port)
}

const inMesh = (settings: Settings, region: string | undefined): Result.Result<InMesh, string> => {
  const named = namedResource(settings)
  if (named === undefined) {
    return Result.fail(
      "APPMESH_RESOURCE_ARN is not set: expected the ARN of the task set, virtual node or virtual gateway; for a control plane without AWS, set APPNET_XDS_MODE"
    )
  }
  const resource = parseResource(named.value)
  return resource === undefined
    ? Result.fail(
        `${named.variable}=${named.value} is no known resource: expected an ARN that ends in mesh/NAME/virtualNode/NAME, mesh/NAME/virtualGateway/NAME or task-set/CLUSTER/SERVICE/...`
      )
    : Result.succeed({ nodeId: named.value, namedBy: named.variable, resource, region })
}

const isRegion = (text: string) => /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text)

const appMesh = (settings: Settings, facts: ModeFacts): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const given = settings.APPMESH_XDS_ENDPOINT
  const mesh = inMesh(settings, facts.region)
  if (Result.isFailure(mesh)) problems.push(mesh.failure)
  const region = facts.region ?? ""
  const fips = Option.exists(facts.version, (version) => version.fips)
  if (facts.region === undefined) {
    problems.push("AWS_REGION is not set, and no metadata endpoint told the region: expected a region, like us-west-2")
  } else if (!isRegion(region)) {
    problems.push(`AWS_REGION=${region} is no region: expected one like us-west-2`)
  } else if (given === undefined && needsFips(region) && !fips) {
    problems.push(
      `AWS_REGION=${region} takes connections of a FIPS Envoy alone, and this Envoy is not built for FIPS: set APPNET_ENVOY_PATH to one that is`
    )
  }
  if (given !== undefined && !isEndpoint(given)) {
    problems.push(`APPMESH_XDS_ENDPOINT=${given} is invalid: expected host:port, or unix://path for Service Connect`)
  }
  if (Result.isFailure(mesh) || problems.length > 0) return Result.fail(problems)
  return Result.succeed({
    _tag: "AppMesh",
    ...mesh.success,
    region,
    endpoint: given ?? appMeshEndpoint(settings, region, fips),
    signingName: settings.APPMESH_SIGNING_NAME ?? (settings.APPMESH_PREVIEW ? "appmesh-preview" : "appmesh")
  })
}

const standalone = (
  settings: Settings,
  security: "grpc" | "tls" | "mtls",
  hostName: string
): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const endpoint = settings.APPMESH_XDS_ENDPOINT
  if (endpoint === undefined || !isEndpoint(endpoint)) {
    problems.push(
      `${endpoint === undefined ? "APPMESH_XDS_ENDPOINT is not set" : `APPMESH_XDS_ENDPOINT=${endpoint} is invalid`}: expected host:port of the control plane (APPNET_XDS_MODE=${security})`
    )
  }
  if (security === "mtls") {
    for (const name of ["APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"] as const) {
      if (settings[name] === undefined) problems.push(`${name} is not set: APPNET_XDS_MODE=mtls needs it`)
    }
  } else if (security === "grpc" && settings.APPNET_XDS_TOKEN_FILE !== undefined) {
    problems.push(
      "APPNET_XDS_TOKEN_FILE cannot be used with APPNET_XDS_MODE=grpc, which would send the token unprotected: set APPNET_XDS_MODE=tls or mtls"
    )
  }
  if (endpoint === undefined || problems.length > 0) return Result.fail(problems)
  return Result.succeed({
    _tag: "Standalone",
    endpoint,
    security,
    nodeId: settings.APPNET_NODE_ID ?? hostName,
    nodeCluster: settings.APPNET_NODE_CLUSTER ?? hostName
  })
}

const unavailable =
  "relay mode (APPNET_ENABLE_RELAY_MODE_FOR_XDS) is not served by this version: unset it, or bring a whole bootstrap by ENVOY_CONFIG_FILE"

/** The mode that the settings ask for, or every reason why there is none. */
export const modeOf = (settings: Settings, facts: ModeFacts): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const endpoint = settings.APPMESH_XDS_ENDPOINT ?? ""
  switch (modeKind(settings)) {
    case "relay":
      return Result.fail([unavailable])
    case "standalone":
      return standalone(settings, settings.APPNET_XDS_MODE ?? "grpc", facts.hostName)
    case "app mesh":
      return appMesh(settings, facts)
    case "service connect":
      return Result.mapBoth(inMesh(settings, facts.region), {
        onFailure: (problem) => [problem],
        onSuccess: (mesh) => ({ _tag: "ServiceConnect" as const, ...mesh, endpoint })
      })
  }
}

/** Variables that were set for nothing: they belong to other modes. */
export const unusedIn = (kind: Mode, inForce: ReadonlyArray<SettingInForce>): ReadonlyArray<string> =>
  inForce.flatMap(({ name, source, value }) => {
    const { default: usual, modes } = settingsTable[name]
    const used = modes.some(
      (mode) => mode === "all" || mode === kind || (mode === "local relay" && kind === "app mesh")
    )
    return used || source === "default" || value === (usual ?? null)
      ? []
      : [`${name} has no effect in ${kind} mode: it belongs to ${modes.join(" and ")} mode`]
  })
