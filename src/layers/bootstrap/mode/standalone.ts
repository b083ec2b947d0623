import { Result } from "effect"
import { InvalidSetting } from "../../../services/Config.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import type { Settings } from "../../../services/Settings.ts"
import type { ModeFacts } from "./modeFacts.ts"
import type { StandaloneMode } from "./resolvedMode.ts"

const missingForMutualTls = (settings: Settings): ReadonlyArray<InvalidSetting> =>
  (["APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"] as const)
    .filter((variable) => settings[variable] === undefined)
    .map((variable) => {
      const reason = "is not set: APPNET_XDS_MODE=mtls needs it"
      return new InvalidSetting({ variable, value: undefined, reason })
    })

const unprotectedToken = (settings: Settings): ReadonlyArray<InvalidSetting> => {
  const value = settings.APPNET_XDS_TOKEN_FILE
  const reason =
    "cannot be used with APPNET_XDS_MODE=grpc, which would send the token unencrypted: set APPNET_XDS_MODE=tls or mtls"
  return value === undefined ? [] : [new InvalidSetting({ variable: "APPNET_XDS_TOKEN_FILE", value, reason })]
}

/** Standalone mode: any control plane that serves ADS over gRPC, without AWS. */
export const resolveStandalone = (
  settings: Settings,
  { hostName }: ModeFacts
): Result.Result<StandaloneMode, ReadonlyArray<InvalidSetting>> => {
  const security = settings.APPNET_XDS_MODE ?? "grpc"
  const endpoint = settings.APPMESH_XDS_ENDPOINT
  const isEndpointValid = endpoint !== undefined && parseHostPort(endpoint) !== undefined
  const expected = `expected host:port of the control plane (APPNET_XDS_MODE=${security})`
  const problems = [
    ...(isEndpointValid
      ? []
      : [
          new InvalidSetting({
            variable: "APPMESH_XDS_ENDPOINT",
            value: endpoint,
            reason: `${endpoint === undefined ? "is not set" : "is invalid"}: ${expected}`
          })
        ]),
    ...(security === "mtls" ? missingForMutualTls(settings) : []),
    ...(security === "grpc" ? unprotectedToken(settings) : [])
  ]
  if (endpoint === undefined || problems.length > 0) return Result.fail(problems)
  return Result.succeed({
    _tag: "Standalone",
    endpoint,
    security,
    nodeId: settings.APPNET_NODE_ID ?? hostName,
    nodeCluster: settings.APPNET_NODE_CLUSTER ?? hostName
  })
}
