import { Effect } from "effect"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { fileExists } from "../pathAccess.ts"

/** The variables of standalone mode that name files for the connection to the control plane. */
const fileVariables = {
  grpc: [],
  tls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE"],
  mtls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE", "APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"]
} as const

/** The credential files that do not exist. Envoy itself reads them only when it connects. */
export const missingCredentialFiles = Effect.fnUntraced(function* (settings: Settings) {
  const problems: Array<UserFileError> = []
  for (const variable of settings.APPNET_XDS_MODE === undefined ? [] : fileVariables[settings.APPNET_XDS_MODE]) {
    const path = settings[variable]
    if (path === undefined || (yield* fileExists(path))) continue
    problems.push(new UserFileError({ variable, path, position: undefined, reason: "does not exist" }))
  }
  return problems
})
