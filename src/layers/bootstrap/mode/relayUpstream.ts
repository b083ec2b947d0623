import { Result } from "effect"
import { InvalidSetting } from "../../../services/Config.ts"
import { isPort } from "../../../services/hostPort.ts"
import type { SettingName, Settings } from "../../../services/Settings.ts"
import type { ModeFacts } from "./modeFacts.ts"
import { isFips, resolveRegion } from "./region.ts"
import { serviceConnectHost } from "./regionEndpoints.ts"

/** Where a relay forwards the xDS streams, and how it signs them. */
export interface RelayUpstream {
  readonly host: string
  readonly port: number
  readonly region: string
  /** The service name in the signature. */
  readonly signingName: string
  /** The variables that determine host and port. */
  readonly variables: ReadonlyArray<SettingName>
}

/** Whether a text can be the host of a Host header. */
export const isHostName = (text: string): boolean => /^[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?$/i.test(text)

type ConfiguredServer = Pick<RelayUpstream, "host" | "port" | "variables">

const invalidEndpoint = (endpoint: string) => {
  const hint = endpoint.startsWith("unix:")
    ? ", since the socket on which the relay listens is APPNET_RELAY_LISTENER_UDS_PATH"
    : ""
  return new InvalidSetting({
    variable: "APPMESH_XDS_ENDPOINT",
    value: endpoint,
    reason: `is not a management server for a relay: expected host or host:port${hint}`
  })
}

const serverOfDomainName = (host: string, port: number): Result.Result<ConfiguredServer, InvalidSetting> => {
  if (isHostName(host)) {
    return Result.succeed({ host, port, variables: ["APPNET_MANAGEMENT_DOMAIN_NAME", "APPNET_MANAGEMENT_PORT"] })
  }
  const reason =
    "is not a host name: expected one like ecs-sc.us-west-2.api.aws; the port is set by APPNET_MANAGEMENT_PORT"
  return Result.fail(new InvalidSetting({ variable: "APPNET_MANAGEMENT_DOMAIN_NAME", value: host, reason }))
}

/** Host and port of `HOST`, `HOST:PORT` or a URL of them. `APPNET_MANAGEMENT_PORT` wins if the user set it. */
const serverOfEndpoint = (
  endpoint: string,
  settings: Settings,
  { isSet }: ModeFacts
): Result.Result<ConfiguredServer, InvalidSetting> => {
  const [, host = "", port] = /^(?:https?:\/\/)?([^/:]+)(?::(\d+))?\/?$/i.exec(endpoint) ?? []
  if (!isHostName(host) || (port !== undefined && !isPort(port))) return Result.fail(invalidEndpoint(endpoint))
  return port === undefined || isSet("APPNET_MANAGEMENT_PORT")
    ? Result.succeed({
        host,
        port: settings.APPNET_MANAGEMENT_PORT,
        variables: ["APPMESH_XDS_ENDPOINT", "APPNET_MANAGEMENT_PORT"]
      })
    : Result.succeed({ host, port: Number(port), variables: ["APPMESH_XDS_ENDPOINT"] })
}

/** The server that the settings name; undefined if they name none, so that the region's is used. */
const configuredServer = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<ConfiguredServer | undefined, InvalidSetting> => {
  const { APPMESH_XDS_ENDPOINT: endpoint, APPNET_MANAGEMENT_DOMAIN_NAME: domainName } = settings
  if (endpoint?.startsWith("unix:") === true) return Result.fail(invalidEndpoint(endpoint))
  if (domainName !== undefined) return serverOfDomainName(domainName, settings.APPNET_MANAGEMENT_PORT)
  return endpoint === undefined ? Result.succeed(undefined) : serverOfEndpoint(endpoint, settings, facts)
}

/** The upstream of relay mode: the configured server, else the region's Service Connect management server. */
export const relayUpstream = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<RelayUpstream, ReadonlyArray<InvalidSetting>> => {
  const server = configuredServer(settings, facts)
  const isRegionalEndpoint = Result.isFailure(server) || server.success === undefined
  const region = resolveRegion(facts, { isRegionalEndpoint })
  if (Result.isFailure(server) || Result.isFailure(region)) {
    return Result.fail([
      ...(Result.isFailure(server) ? [server.failure] : []),
      ...(Result.isFailure(region) ? [region.failure] : [])
    ])
  }
  return Result.succeed({
    host: serviceConnectHost(region.success, isFips(facts.version)),
    port: settings.APPNET_MANAGEMENT_PORT,
    variables: ["AWS_REGION", "APPNET_MANAGEMENT_PORT"],
    ...server.success,
    region: region.success,
    signingName: settings.APPMESH_SIGNING_NAME ?? "appmesh"
  })
}
