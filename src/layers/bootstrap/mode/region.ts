import { Option, Result } from "effect"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import type { SettingName } from "../../../services/Settings.ts"
import { needsFips } from "./awsEndpoints.ts"

/** What a mode needs from outside of the settings. */
export interface ModeFacts {
  readonly hostName: string
  readonly version: Option.Option<EnvoyVersion>
  /** `AWS_REGION`, else what the instance metadata says. */
  readonly region: string | undefined
  /** Whether App Mesh mode needs a second Envoy for the signature. */
  readonly throughLocalRelay: boolean
  readonly isSet: (name: SettingName) => boolean
}

export const isFips = (version: ModeFacts["version"]) => Option.exists(version, ({ fips }) => fips)

const isRegion = (text: string) => /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text)

/** The region, if there is one that these endpoints exist in; else what is wrong. `named`: the endpoint is the user's own. */
export const regionFor = (facts: ModeFacts, named: boolean): Result.Result<string, string> => {
  const { region, version } = facts
  if (region === undefined) {
    return Result.fail(
      "AWS_REGION is not set, and no metadata endpoint told the region: expected a region, like us-west-2"
    )
  }
  if (!isRegion(region)) return Result.fail(`AWS_REGION=${region} is no region: expected one like us-west-2`)
  return !named && needsFips(region) && !isFips(version)
    ? Result.fail(
        `AWS_REGION=${region} takes connections of a FIPS Envoy alone, and this Envoy is not built for FIPS: set APPNET_ENVOY_PATH to one that is`
      )
    : Result.succeed(region)
}
