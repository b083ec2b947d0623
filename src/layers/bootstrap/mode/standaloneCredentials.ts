import { Effect, FileSystem } from "effect"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { fileExists } from "../pathAccess.ts"

/** The variables of standalone mode that name files for the connection to the control plane. */
const fileVariables = {
  grpc: [],
  tls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE"],
  mtls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE", "APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"]
} as const

/** Undefined for what Envoy can read as a file. It waits without an end for the writer of a FIFO. */
const fileProblem = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fileExists(path))) return "does not exist"
  return yield* fs.stat(path).pipe(
    Effect.map(({ type }) => (type === "File" || type === "CharacterDevice" ? undefined : "is not a regular file")),
    Effect.catch((error) => Effect.as(Effect.logDebug(`the type of ${path} is unknown: ${error.message}`), undefined))
  )
})

/** The credential files that do not exist, or are no files. Envoy itself reads them only when it connects. */
export const missingCredentialFiles = Effect.fnUntraced(function* (settings: Settings) {
  const problems: Array<UserFileError> = []
  for (const variable of settings.APPNET_XDS_MODE === undefined ? [] : fileVariables[settings.APPNET_XDS_MODE]) {
    const path = settings[variable]
    const reason = path === undefined ? undefined : yield* fileProblem(path)
    if (path === undefined || reason === undefined) continue
    problems.push(new UserFileError({ variable, path, position: undefined, reason }))
  }
  return problems
})
