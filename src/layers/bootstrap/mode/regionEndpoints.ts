import type { Settings } from "../../../services/Settings.ts"

/** A group of AWS regions whose endpoints are named alike. */
interface Partition {
  /** The regions that belong to it. */
  readonly regions: RegExp
  /** The domain of its endpoints. */
  readonly domain: string
  /** The domain of endpoints that have IPv4 and IPv6 addresses. */
  readonly dualStackDomain: string
  /** The regions in which an App Mesh endpoint for FIPS has `-fips` in its name. */
  readonly fipsRegions?: RegExp
  /** The same for Service Connect. */
  readonly fipsServiceConnectRegions?: RegExp
  /** Every endpoint is a FIPS endpoint, which accepts FIPS clients only. */
  readonly requiresFips?: true
  /** The elliptic curves that a relay offers for the key exchange; `defaultCurves` if not set. */
  readonly curves?: ReadonlyArray<string>
}

const defaultCurves = ["P-256"]
/** For partitions under the Commercial National Security Algorithm suite, which demands P-384. */
const nationalSecurityCurves = ["P-384", "P-256"]
const onlyP384 = ["P-384"]

const commercial: Partition = {
  regions: /./,
  domain: "amazonaws.com",
  dualStackDomain: "api.aws",
  fipsRegions: /^(us|ca)-/,
  fipsServiceConnectRegions: /^(us|ca)-/
}

/** The first partition whose pattern matches a region is the region's. */
const partitions: ReadonlyArray<Partition> = [
  { regions: /^cn-/, domain: "amazonaws.com.cn", dualStackDomain: "api.amazonwebservices.com.cn" },
  {
    regions: /^us-gov-/,
    domain: "amazonaws.com",
    dualStackDomain: "api.aws",
    fipsServiceConnectRegions: /./,
    requiresFips: true
  },
  {
    regions: /^us-iso-/,
    domain: "c2s.ic.gov",
    dualStackDomain: "api.aws.ic.gov",
    requiresFips: true,
    curves: nationalSecurityCurves
  },
  {
    regions: /^us-isob-/,
    domain: "sc2s.sgov.gov",
    dualStackDomain: "api.aws.scloud",
    requiresFips: true,
    curves: nationalSecurityCurves
  },
  {
    regions: /^us-isof-/,
    domain: "csp.hci.ic.gov",
    dualStackDomain: "api.aws.hci.ic.gov",
    requiresFips: true,
    curves: onlyP384
  },
  { regions: /^eu-isoe-/, domain: "cloud.adc-e.uk", dualStackDomain: "api.cloud-aws.adc-e.uk", curves: onlyP384 },
  { regions: /^eusc-/, domain: "amazonaws.eu", dualStackDomain: "api.amazonwebservices.eu" },
  commercial
]

const partitionOf = (region: string) => partitions.find(({ regions }) => regions.test(region)) ?? commercial

/** Whether a region's endpoints accept only clients that are built with FIPS-validated cryptography. */
export const requiresFips = (region: string): boolean => partitionOf(region).requiresFips === true

/** The elliptic curves that a relay offers to the management server of a region. */
export const ecdhCurves = (region: string): ReadonlyArray<string> => partitionOf(region).curves ?? defaultCurves

/** The host name of a region's Service Connect management server. `fips`: this Envoy is built for FIPS. */
export const serviceConnectHost = (region: string, fips: boolean): string => {
  const { dualStackDomain, fipsServiceConnectRegions } = partitionOf(region)
  const hasFipsName = fips && fipsServiceConnectRegions?.test(region) === true
  return `ecs-sc${hasFipsName ? "-fips" : ""}.${region}.${dualStackDomain}`
}

/** The `host:port` of a region's App Mesh management server. `fips`: this Envoy is built for FIPS. */
export const appMeshEndpoint = (settings: Settings, region: string, fips: boolean): string => {
  const { domain, dualStackDomain, fipsRegions } = partitionOf(region)
  const preview = settings.APPMESH_PREVIEW ? "-preview" : ""
  const fipsSuffix = fips && fipsRegions?.test(region) === true ? "-fips" : ""
  return `appmesh${preview}-envoy-management${fipsSuffix}.${region}.${settings.APPMESH_DUALSTACK_ENDPOINT ? dualStackDomain : domain}:443`
}
