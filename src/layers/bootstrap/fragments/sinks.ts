import type { Settings } from "../../../services/Settings.ts"
import { by, type Part } from "../provenance.ts"

/** DogStatsD, over a unix socket where one is named, else over UDP. */
export const sinksFragment = (settings: Settings): ReadonlyArray<Part> => {
  if (!settings.ENABLE_ENVOY_DOG_STATSD) return []
  const path = settings.STATSD_SOCKET_PATH
  const address: Part =
    path === undefined
      ? {
          socketAddress: {
            address: by(settings.STATSD_ADDRESS, "STATSD_ADDRESS"),
            portValue: by(settings.STATSD_PORT, "STATSD_PORT"),
            protocol: "UDP"
          }
        }
      : by({ pipe: { path } }, "STATSD_SOCKET_PATH")
  const sink = {
    name: "envoy.stat_sinks.dog_statsd",
    typedConfig: { "@type": "type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink", address }
  }
  return [by(sink, "ENABLE_ENVOY_DOG_STATSD")]
}
