import { Option, Result } from "effect"
import { InvalidSetting } from "../../../services/Config.ts"
import type { ModeFacts } from "./modeFacts.ts"
import { requiresFips } from "./regionEndpoints.ts"

/** Whether this Envoy is built for FIPS. An Envoy of unknown version counts as not built for it. */
export const isFips = (version: ModeFacts["version"]): boolean => Option.exists(version, ({ fips }) => fips)

const isRegionName = (text: string) => /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text)

/**
 * The AWS region, for a mode that cannot do without it. `isRegionalEndpoint`: Envoy connects to the region's own
 * endpoint, not to one that the user names, so it must be built for FIPS if the region demands it.
 */
export const resolveRegion = (
  { region, version }: ModeFacts,
  { isRegionalEndpoint }: { readonly isRegionalEndpoint: boolean }
): Result.Result<string, InvalidSetting> => {
  const fail = (reason: string) => Result.fail(new InvalidSetting({ variable: "AWS_REGION", value: region, reason }))
  if (region === undefined) {
    return fail("is not set, and no metadata endpoint gave the region: expected a region, like us-west-2")
  }
  if (!isRegionName(region)) return fail("is not a region: expected one like us-west-2")
  return isRegionalEndpoint && requiresFips(region) && !isFips(version)
    ? fail(
        "accepts connections from a FIPS Envoy only, and this Envoy is not built for FIPS: set APPNET_ENVOY_PATH to one that is"
      )
    : Result.succeed(region)
}
