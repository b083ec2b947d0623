import type { Settings } from "../../../services/Settings.ts"
import { appMeshDecidedBy, type WorkloadMode } from "../mode/mode.ts"
import { by, type Part, type PartObject } from "../provenance.ts"

/** What is said to AWS: find a dead management server within 30 s, and leave a live one after 40 min. */
const channelOfAws = {
  "grpc.http2.max_pings_without_data": 0,
  "grpc.initial_reconnect_backoff_ms": 10_000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_age_grace_ms": 5000,
  "grpc.max_connection_age_ms": 2_400_000
}

/** What any gRPC server takes: many end a connection that is pinged more often than every 5 min. */
const channelOfAny = {
  "grpc.http2.max_pings_without_data": 0,
  "grpc.initial_reconnect_backoff_ms": 1000,
  "grpc.max_reconnect_backoff_ms": 30_000,
  "grpc.keepalive_time_ms": 310_000,
  "grpc.keepalive_timeout_ms": 20_000
}

/** A relay in the same container is there again at once after a crash. */
const channelOfLocalRelay = {
  ...channelOfAws,
  "grpc.initial_reconnect_backoff_ms": 1000,
  "grpc.max_reconnect_backoff_ms": 5000
}

const numbers = (values: Readonly<Record<string, number>>): PartObject =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { intValue: value }]))

const file = (filename: string): PartObject => ({ filename })

const plugin = (name: string, type: string, config: PartObject): PartObject => ({
  credentialsFactoryName: `envoy.grpc_credentials.${name}`,
  callCredentials: [
    {
      fromPlugin: {
        name: `envoy.grpc_credentials.${name}`,
        typedConfig: { "@type": `type.googleapis.com/envoy.config.grpc_credential.v3.${type}`, ...config }
      }
    }
  ]
})

/** The gRPC channel to the management server: where, over what, and who asks. */
const channel = (mode: WorkloadMode, settings: Settings, caBundle: string): PartObject => {
  const roots = by(file(caBundle), "APPNET_CA_BUNDLE")
  switch (mode._tag) {
    case "ServiceConnect":
      return {
        targetUri: by(mode.endpoint, "APPMESH_XDS_ENDPOINT"),
        channelArgs: { args: numbers(channelOfAws) }
      }
    case "AppMesh":
      if (mode.localRelay !== undefined) {
        return {
          targetUri: by(
            `127.0.0.1:${settings.APPNET_LOCAL_RELAY_LISTENER_PORT}`,
            "APPNET_LOCAL_RELAY_LISTENER_PORT",
            "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS"
          ),
          channelArgs: { args: numbers(channelOfLocalRelay) }
        }
      }
      return {
        targetUri: by(mode.endpoint, ...appMeshDecidedBy(settings)),
        channelArgs: { args: numbers(channelOfAws) },
        channelCredentials: { sslCredentials: { rootCerts: roots } },
        ...plugin("aws_iam", "AwsIamConfig", {
          region: by(mode.region, "AWS_REGION"),
          serviceName: by(mode.signingName, "APPMESH_SIGNING_NAME", "APPMESH_PREVIEW")
        })
      }
    case "Standalone": {
      const { APPNET_XDS_SNI: sni, APPNET_XDS_TOKEN_FILE: token } = settings
      const certificate = settings.APPNET_XDS_CLIENT_CERT_FILE
      const key = settings.APPNET_XDS_CLIENT_KEY_FILE
      return {
        targetUri: by(mode.endpoint, "APPMESH_XDS_ENDPOINT"),
        channelArgs: {
          args: {
            ...numbers(channelOfAny),
            "grpc.ssl_target_name_override":
              mode.security === "grpc" || sni === undefined ? undefined : by({ stringValue: sni }, "APPNET_XDS_SNI")
          }
        },
        channelCredentials:
          mode.security === "grpc"
            ? undefined
            : by(
                {
                  sslCredentials: {
                    rootCerts: roots,
                    ...(mode.security === "mtls" && certificate !== undefined && key !== undefined
                      ? {
                          certChain: by(file(certificate), "APPNET_XDS_CLIENT_CERT_FILE"),
                          privateKey: by(file(key), "APPNET_XDS_CLIENT_KEY_FILE")
                        }
                      : {})
                  }
                },
                "APPNET_XDS_MODE"
              ),
        // Read for each new stream, so that a renewed token is used.
        ...(token === undefined
          ? {}
          : plugin("file_based_metadata", "FileBasedMetadataConfig", {
              secretData: by(file(token), "APPNET_XDS_TOKEN_FILE"),
              headerKey: "authorization",
              headerPrefix: "Bearer "
            }))
      }
    }
  }
}

/** The ADS stream, and that listeners and clusters come through it. */
export const dynamicResourcesFragment = (mode: WorkloadMode, settings: Settings, caBundle: string): PartObject => {
  const fromAds: Part = {
    ads: {},
    initialFetchTimeout: by(`${settings.ENVOY_INITIAL_FETCH_TIMEOUT}s`, "ENVOY_INITIAL_FETCH_TIMEOUT"),
    resourceApiVersion: "V3"
  }
  return {
    adsConfig: {
      apiType: "GRPC",
      transportApiVersion: "V3",
      grpcServices: [{ googleGrpc: { statPrefix: "ads", ...channel(mode, settings, caBundle) } }]
    },
    ldsConfig: fromAds,
    cdsConfig: fromAds
  }
}
