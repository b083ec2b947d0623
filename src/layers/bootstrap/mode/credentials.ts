import { Effect, FileSystem } from "effect"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { AgentMode } from "../../../services/Setting.ts"
import type { Settings } from "../../../services/Settings.ts"
import { fileExists } from "../pathAccess.ts"
import { maximumCredentialBytes } from "../userFiles/limits.ts"

/** The variables of standalone mode that name files for the connection to the control plane. */
const fileVariables = {
  grpc: [],
  tls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE"],
  mtls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE", "APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"]
} as const

/**
 * Undefined for what Envoy can read as a file. It waits without an end for the writer of a FIFO, and reads a device like /dev/zero
 * until its memory is full.
 */
const fileProblem = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.all([fs.stat(path), fs.realPath(path)]).pipe(
    Effect.map(([{ size, type }, realPath]) => {
      if (realPath === "/dev/null") return undefined
      if (type !== "File") return "is not a regular file"
      return size > maximumCredentialBytes
        ? `the file is larger than ${maximumCredentialBytes} bytes, which is the limit`
        : undefined
    }),
    Effect.catch((error) => Effect.as(Effect.logDebug(`the type of ${path} is unknown: ${error.message}`), undefined))
  )
})

/**
 * The credential files that cannot be used. Envoy itself reads them only when it connects. A bundle that is missing is a warning
 * where the region's server is used, as ever, and an error in standalone mode.
 */
export const credentialProblems = Effect.fnUntraced(function* (mode: AgentMode, settings: Settings) {
  const isStandalone = mode === "standalone" && settings.APPNET_XDS_MODE !== undefined
  const regionVariables = mode === "app mesh" || mode === "relay" ? (["APPNET_CA_BUNDLE"] as const) : []
  const problems: Array<UserFileError> = []
  for (const variable of isStandalone ? fileVariables[settings.APPNET_XDS_MODE] : regionVariables) {
    const path = settings[variable]
    if (path === undefined) continue
    const isMissing = !(yield* fileExists(path))
    const missing = isStandalone ? "does not exist" : undefined
    const reason = isMissing ? missing : yield* fileProblem(path)
    if (reason !== undefined) problems.push(new UserFileError({ variable, path, position: undefined, reason }))
  }
  return problems
})
