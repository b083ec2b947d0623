import { Result } from "effect"
import type { SettingInForce } from "../../../services/Config.ts"
import { isIpAddress, parseHostPort } from "../../../services/hostPort.ts"
import { type SettingName, type Settings, settingsTable } from "../../../services/Settings.ts"
import type { Mode } from "../../../services/settingKinds.ts"
import { appMeshEndpoint } from "./awsEndpoints.ts"
import { isFips, type ModeFacts, regionFor } from "./region.ts"
import { isHost, type RelayUpstream, relayUpstream } from "./relayUpstream.ts"
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
      /** A second Envoy signs, since this one cannot: what it passes the stream on to. */
      readonly localRelay: RelayUpstream | undefined
    })
  | {
      readonly _tag: "Standalone"
      /** `host:port`. */
      readonly endpoint: string
      readonly security: "grpc" | "tls" | "mtls"
      readonly nodeId: string
      readonly nodeCluster: string
    }
  | { readonly _tag: "Relay"; readonly upstream: RelayUpstream }

/** The modes in which Envoy carries traffic, and has a node and resources of its own. */
export type WorkloadMode = Exclude<BootstrapMode, { readonly _tag: "Relay" }>

/** What the settings alone say; the rest of a mode may need what is asked of the world. */
export const modeKind = (settings: Settings): Exclude<Mode, "all" | "local relay"> => {
  if (settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS) return "relay"
  if (settings.APPNET_XDS_MODE !== undefined) return "standalone"
  return settings.APPMESH_XDS_ENDPOINT?.startsWith("unix:") === true ? "service connect" : "app mesh"
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

/** What decides the management server of App Mesh mode. */
export const appMeshDecidedBy = (settings: Settings): ReadonlyArray<SettingName> => [
  "APPMESH_XDS_ENDPOINT",
  ...(settings.APPMESH_XDS_ENDPOINT === undefined
    ? (["AWS_REGION", "APPMESH_PREVIEW", "APPMESH_DUALSTACK_ENDPOINT"] as const)
    : [])
]

const appMesh = (settings: Settings, facts: ModeFacts): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const given = settings.APPMESH_XDS_ENDPOINT
  const mesh = inMesh(settings, facts.region)
  const region = regionFor(facts, given !== undefined)
  if (Result.isFailure(mesh)) problems.push(mesh.failure)
  if (Result.isFailure(region)) problems.push(region.failure)
  if (given !== undefined && parseHostPort(given) === undefined) {
    problems.push(`APPMESH_XDS_ENDPOINT=${given} is invalid: expected host:port, or unix://path for Service Connect`)
  }
  const named = parseHostPort(given ?? "")
  if (facts.throughLocalRelay && named !== undefined && !isHost(named.host) && !isIpAddress(named.host)) {
    problems.push(`APPMESH_XDS_ENDPOINT=${given} has no host name that a request could be sent to: expected host:port`)
  }
  if (Result.isFailure(mesh) || Result.isFailure(region) || problems.length > 0) return Result.fail(problems)
  const endpoint = given ?? appMeshEndpoint(settings, region.success, isFips(facts.version))
  const signingName = settings.APPMESH_SIGNING_NAME ?? (settings.APPMESH_PREVIEW ? "appmesh-preview" : "appmesh")
  const server = parseHostPort(endpoint)
  return Result.succeed({
    _tag: "AppMesh",
    ...mesh.success,
    region: region.success,
    endpoint,
    signingName,
    localRelay: facts.throughLocalRelay
      ? {
          host: server?.host ?? "",
          port: server?.port ?? 0,
          region: region.success,
          signingName,
          decidedBy: appMeshDecidedBy(settings)
        }
      : undefined
  })
}

const standalone = (
  settings: Settings,
  security: "grpc" | "tls" | "mtls",
  hostName: string
): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const endpoint = settings.APPMESH_XDS_ENDPOINT
  if (endpoint === undefined || parseHostPort(endpoint) === undefined) {
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

/** The mode that the settings ask for, or every reason why there is none. */
export const modeOf = (settings: Settings, facts: ModeFacts): Result.Result<BootstrapMode, ReadonlyArray<string>> => {
  const endpoint = settings.APPMESH_XDS_ENDPOINT ?? ""
  switch (modeKind(settings)) {
    case "relay":
      return Result.map(relayUpstream(settings, facts), (upstream) => ({ _tag: "Relay" as const, upstream }))
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

/** Variables that were set for nothing: they belong to other modes than those that are `served`. */
export const unusedIn = (
  served: readonly [Mode, ...ReadonlyArray<Mode>],
  inForce: ReadonlyArray<SettingInForce>
): ReadonlyArray<string> =>
  inForce.flatMap(({ name, source, value }) => {
    const { default: usual, modes } = settingsTable[name]
    const used = modes.some((mode) => mode === "all" || served.includes(mode))
    return used || source === "default" || value === (usual ?? null)
      ? []
      : [
          `${name} has no effect in ${served[0]} mode: it belongs to ${modes.join(", ").replace(/, ([^,]*)$/, " and $1")} mode`
        ]
  })
