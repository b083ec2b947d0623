import type { Settings } from "../../../services/Settings.ts"
import { type Part, withSource } from "../provenance.ts"

/** DogStatsD, on a unix socket if one is set, else over UDP. A file with sinks of the user's own replaces it. */
export const statsSinksFragment = (settings: Settings): ReadonlyArray<Part> => {
  if (!settings.ENABLE_ENVOY_DOG_STATSD || settings.ENVOY_STATS_SINKS_CFG_FILE !== undefined) return []
  const path = settings.STATSD_SOCKET_PATH
  const address: Part =
    path === undefined
      ? {
          socketAddress: {
            address: withSource(settings.STATSD_ADDRESS, "STATSD_ADDRESS"),
            portValue: withSource(settings.STATSD_PORT, "STATSD_PORT"),
            protocol: "UDP"
          }
        }
      : withSource({ pipe: { path } }, "STATSD_SOCKET_PATH")
  const sink = {
    name: "envoy.stat_sinks.dog_statsd",
    typedConfig: { "@type": "type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink", address }
  }
  return [withSource(sink, "ENABLE_ENVOY_DOG_STATSD")]
}
