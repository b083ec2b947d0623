import type { Settings } from "../../../services/Settings.ts"
import type { WorkloadMode } from "../mode/resolvedMode.ts"
import { type Part, type PartObject, withSource } from "../provenance.ts"
import { grpcChannel } from "./grpcChannel.ts"

/** Listeners and clusters come from the management server, over one aggregated (ADS) stream. */
export const dynamicResourcesFragment = (mode: WorkloadMode, settings: Settings, caBundle: string): PartObject => {
  const fromAds: Part = {
    ads: {},
    initialFetchTimeout: withSource(`${settings.ENVOY_INITIAL_FETCH_TIMEOUT}s`, "ENVOY_INITIAL_FETCH_TIMEOUT"),
    resourceApiVersion: "V3"
  }
  return {
    adsConfig: {
      apiType: "GRPC",
      transportApiVersion: "V3",
      grpcServices: [{ googleGrpc: { statPrefix: "ads", ...grpcChannel(mode, settings, caBundle) } }]
    },
    ldsConfig: fromAds,
    cdsConfig: fromAds
  }
}
