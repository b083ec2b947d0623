import type { JsonObject } from "../../services/Bootstrap.ts"
import type { Settings } from "../../services/Settings.ts"
import type { BootstrapMode } from "./mode.ts"

/** gRPC's own settings of the channel: find a dead management server within 30 s, and leave a live one after 40 min. */
const channelArguments = {
  "grpc.http2.max_pings_without_data": 0,
  "grpc.initial_reconnect_backoff_ms": 10_000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_age_grace_ms": 5000,
  "grpc.max_connection_age_ms": 2_400_000
}

const args = (values: Readonly<Record<string, number>>): JsonObject =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { intValue: value }]))

/** The ADS stream, and that listeners and clusters come through it. */
export const dynamicResourcesFragment = (mode: BootstrapMode, settings: Settings): JsonObject => {
  const fromAds = {
    ads: {},
    initialFetchTimeout: `${settings.ENVOY_INITIAL_FETCH_TIMEOUT}s`,
    resourceApiVersion: "V3"
  }
  return {
    adsConfig: {
      apiType: "GRPC",
      transportApiVersion: "V3",
      grpcServices: [
        {
          googleGrpc: {
            targetUri: mode.endpoint,
            statPrefix: "ads",
            channelArgs: { args: args(channelArguments) }
          }
        }
      ]
    },
    ldsConfig: fromAds,
    cdsConfig: fromAds
  }
}
