import { Effect } from "effect"
import type { Settings } from "../../../services/Settings.ts"
import { fileExists } from "../pathAccess.ts"

/** Where Linux distributions keep the root certificates that they trust, in the order in which they are looked for. */
const distributionBundles = [
  "/etc/pki/tls/cert.pem",
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem"
] as const

/**
 * The bundle by which the management server's certificate is checked: `APPNET_CA_BUNDLE`, else the first that exists.
 */
export const findTrustedRoots = Effect.fnUntraced(function* ({ APPNET_CA_BUNDLE: configured }: Settings) {
  for (const path of configured === undefined ? distributionBundles : [configured]) {
    if (yield* fileExists(path)) return { path, warnings: [] }
  }
  const path = configured ?? distributionBundles[0]
  return { path, warnings: [`${path} does not exist: set APPNET_CA_BUNDLE to a file with the trusted roots`] }
})
