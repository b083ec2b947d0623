import { Result } from "effect"
import { InvalidSetting } from "../../../services/Config.ts"
import { isIpAddress, parseHostPort } from "../../../services/hostPort.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { meshMember } from "./meshResource.ts"
import type { ModeFacts } from "./modeFacts.ts"
import { isFips, resolveRegion } from "./region.ts"
import { appMeshEndpoint } from "./regionEndpoints.ts"
import { isHostName } from "./relayUpstream.ts"
import type { AppMeshMode } from "./resolvedMode.ts"

/** The variables that determine the management server of App Mesh mode. */
export const appMeshEndpointVariables = (settings: Settings): ReadonlyArray<SettingName> =>
  settings.APPMESH_XDS_ENDPOINT === undefined
    ? ["APPMESH_XDS_ENDPOINT", "AWS_REGION", "APPMESH_PREVIEW", "APPMESH_DUALSTACK_ENDPOINT"]
    : ["APPMESH_XDS_ENDPOINT"]

const endpointProblem = (endpoint: string, usesLocalRelay: boolean): InvalidSetting | undefined => {
  const invalid = (reason: string) => new InvalidSetting({ variable: "APPMESH_XDS_ENDPOINT", value: endpoint, reason })
  const server = parseHostPort(endpoint)
  if (server === undefined) return invalid("is invalid: expected host:port, or unix://path for Service Connect")
  // A relay signs the Host header and checks the certificate's name, so it needs a name that fits there.
  return usesLocalRelay && !isHostName(server.host) && !isIpAddress(server.host)
    ? invalid("has no host name that a request can be sent to: expected host:port")
    : undefined
}

/** App Mesh mode: the region's endpoint, or the user's own. AWS requests are signed by Envoy or by a local relay. */
export const resolveAppMesh = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<AppMeshMode, ReadonlyArray<InvalidSetting>> => {
  const ownEndpoint = settings.APPMESH_XDS_ENDPOINT
  const member = meshMember(settings, facts.region, { anyArn: false })
  const region = resolveRegion(facts, { isRegionalEndpoint: ownEndpoint === undefined })
  const problem = ownEndpoint === undefined ? undefined : endpointProblem(ownEndpoint, facts.usesLocalRelay)
  if (Result.isFailure(member) || Result.isFailure(region) || problem !== undefined) {
    return Result.fail([
      ...(Result.isFailure(member) ? [member.failure] : []),
      ...(Result.isFailure(region) ? [region.failure] : []),
      ...(problem === undefined ? [] : [problem])
    ])
  }
  const endpoint = ownEndpoint ?? appMeshEndpoint(settings, region.success, isFips(facts.version))
  const signingName = settings.APPMESH_SIGNING_NAME ?? (settings.APPMESH_PREVIEW ? "appmesh-preview" : "appmesh")
  const server = parseHostPort(endpoint)
  return Result.succeed({
    _tag: "AppMesh",
    ...member.success,
    region: region.success,
    endpoint,
    signingName,
    localRelay:
      facts.usesLocalRelay && server !== undefined
        ? { ...server, region: region.success, signingName, variables: appMeshEndpointVariables(settings) }
        : undefined
  })
}
