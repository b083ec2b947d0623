import { Option } from "effect"
import type { EnvoyVersion } from "../../services/EnvoyBinary.ts"

/** Reads `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL[-FIPS]`, with a vendor's suffix or without. */
export const parseEnvoyVersion = (text: string): Option.Option<EnvoyVersion> => {
  const found = /\bversion:\s*\S*?\/?(\d+)\.(\d+)\.(\d+)\S*/.exec(text)
  if (found === null) return Option.none()
  const [whole, major, minor, patch] = found
  return Option.some({
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    fips: /fips/i.test(whole)
  })
}
