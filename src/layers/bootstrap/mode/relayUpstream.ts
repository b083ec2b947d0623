import { Result } from "effect"
import { isPort } from "../../../services/hostPort.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import { serviceConnectHost } from "./awsEndpoints.ts"
import { isFips, type ModeFacts, regionFor } from "./region.ts"

/** Where a relay passes streams on to, and how it signs them. */
export interface RelayUpstream {
  readonly host: string
  readonly port: number
  readonly region: string
  readonly signingName: string
  /** The variables that decided host and port. */
  readonly decidedBy: ReadonlyArray<SettingName>
}

const notForRelay = (endpoint: string) =>
  `APPMESH_XDS_ENDPOINT=${endpoint} is no management server for a relay: expected host or host:port${endpoint.startsWith("unix:") ? ", since the socket on which the relay serves is APPNET_RELAY_LISTENER_UDS_PATH" : ""}`

/** A name or address as it may stand in a host header. */
export const isHost = (text: string) => /^[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?$/i.test(text)

/** Host and port of a relay's management server: named, or cut out of the endpoint. */
const relayTarget = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<Pick<RelayUpstream, "host" | "port" | "decidedBy"> | undefined, string> => {
  const {
    APPMESH_XDS_ENDPOINT: endpoint,
    APPNET_MANAGEMENT_DOMAIN_NAME: domain,
    APPNET_MANAGEMENT_PORT: port
  } = settings
  if (endpoint?.startsWith("unix:") === true) return Result.fail(notForRelay(endpoint))
  if (domain !== undefined) {
    return isHost(domain)
      ? Result.succeed({ host: domain, port, decidedBy: ["APPNET_MANAGEMENT_DOMAIN_NAME", "APPNET_MANAGEMENT_PORT"] })
      : Result.fail(
          `APPNET_MANAGEMENT_DOMAIN_NAME=${domain} is no host name: expected one like ecs-sc.us-west-2.api.aws; the port is APPNET_MANAGEMENT_PORT`
        )
  }
  if (endpoint === undefined) return Result.succeed(undefined)
  const [, host = "", given] = /^(?:https?:\/\/)?([^/:]+)(?::(\d+))?\/?$/i.exec(endpoint) ?? []
  if (!isHost(host) || (given !== undefined && !isPort(given))) {
    return Result.fail(notForRelay(endpoint))
  }
  const ownPort = given === undefined || facts.isSet("APPNET_MANAGEMENT_PORT")
  return Result.succeed({
    host,
    port: ownPort ? port : Number(given),
    decidedBy: ["APPMESH_XDS_ENDPOINT", ...(ownPort ? (["APPNET_MANAGEMENT_PORT"] as const) : [])]
  })
}

/** Where the relay of a host passes streams on to, or every reason why that is not known. */
export const relayUpstream = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<RelayUpstream, ReadonlyArray<string>> => {
  const target = relayTarget(settings, facts)
  const region = regionFor(facts, Result.isSuccess(target) && target.success !== undefined)
  if (Result.isFailure(target) || Result.isFailure(region)) {
    return Result.fail([
      ...(Result.isFailure(target) ? [target.failure] : []),
      ...(Result.isFailure(region) ? [region.failure] : [])
    ])
  }
  return Result.succeed({
    host: serviceConnectHost(region.success, isFips(facts.version)),
    port: settings.APPNET_MANAGEMENT_PORT,
    decidedBy: ["AWS_REGION", "APPNET_MANAGEMENT_PORT"],
    ...target.success,
    region: region.success,
    signingName: settings.APPMESH_SIGNING_NAME ?? "appmesh"
  })
}
