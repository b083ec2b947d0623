import type { Settings } from "../../../services/Settings.ts"

interface Partition {
  /** Regions that belong to it. */
  readonly regions: RegExp
  readonly suffix: string
  /** Of names that have IPv4 and IPv6 addresses. */
  readonly dualStackSuffix: string
  /** Where the name of a FIPS endpoint has `-fips`. */
  readonly fipsRegions?: RegExp
  /** Every endpoint is a FIPS endpoint, so Envoy must be one of FIPS too. */
  readonly fipsOnly?: true
  /** What a relay offers for the key exchange, where it is not the usual one. */
  readonly curves?: ReadonlyArray<string>
}

const usualCurves = ["P-256"]
/** Where the national security suite asks for more. */
const strictCurves = ["P-384", "P-256"]

const usual: Partition = {
  regions: /./,
  suffix: "amazonaws.com",
  dualStackSuffix: "api.aws",
  fipsRegions: /^(us|ca)-/
}

const partitions: ReadonlyArray<Partition> = [
  { regions: /^cn-/, suffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn" },
  { regions: /^us-gov-/, suffix: "amazonaws.com", dualStackSuffix: "api.aws", fipsOnly: true },
  { regions: /^us-iso-/, suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov", curves: strictCurves },
  { regions: /^us-isob-/, suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud", curves: strictCurves },
  { regions: /^us-isof-/, suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov", curves: strictCurves },
  { regions: /^eu-isoe-/, suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk" },
  { regions: /^eusc-/, suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu" },
  usual
]

const partitionOf = (region: string) => partitions.find(({ regions }) => regions.test(region)) ?? usual

/** Whether a region's endpoints refuse an Envoy that is not built with FIPS-validated cryptography. */
export const needsFips = (region: string) => partitionOf(region).fipsOnly === true

/** The curves that a relay offers to a region's management server. */
export const curvesOf = (region: string): ReadonlyArray<string> => partitionOf(region).curves ?? usualCurves

/** The host name of the region's Service Connect management server. */
export const serviceConnectHost = (region: string, fips: boolean): string => {
  const { dualStackSuffix, fipsOnly, fipsRegions } = partitionOf(region)
  const fipsName = fips && (fipsOnly === true || fipsRegions?.test(region) === true) ? "-fips" : ""
  return `ecs-sc${fipsName}.${region}.${dualStackSuffix}`
}

/** The region's App Mesh management server, `host:port`. */
export const appMeshEndpoint = (settings: Settings, region: string, fips: boolean): string => {
  const { dualStackSuffix, fipsRegions, suffix } = partitionOf(region)
  const preview = settings.APPMESH_PREVIEW ? "-preview" : ""
  const fipsName = fips && fipsRegions?.test(region) === true ? "-fips" : ""
  const domain = settings.APPMESH_DUALSTACK_ENDPOINT ? dualStackSuffix : suffix
  return `appmesh${preview}-envoy-management${fipsName}.${region}.${domain}:443`
}
