import type { Settings } from "../../../services/Settings.ts"
import { appMeshEndpointVariables } from "../mode/appMesh.ts"
import type { AppMeshMode, ServiceConnectMode, StandaloneMode, WorkloadMode } from "../mode/resolvedMode.ts"
import { type PartObject, withSource } from "../provenance.ts"

/** For AWS: a dead management server is found within 30 s, and a live connection is renewed after 40 min. */
const awsChannelArguments = {
  "grpc.http2.max_pings_without_data": 0,
  "grpc.initial_reconnect_backoff_ms": 10_000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_age_grace_ms": 5000,
  "grpc.max_connection_age_ms": 2_400_000
}

/** A local relay runs in the same container and is back within seconds of a crash. */
const localRelayChannelArguments = {
  ...awsChannelArguments,
  "grpc.initial_reconnect_backoff_ms": 1000,
  "grpc.max_reconnect_backoff_ms": 5000
}

/** For any gRPC server: many close a connection that is pinged more often than every 5 min. */
const standaloneChannelArguments = {
  "grpc.http2.max_pings_without_data": 0,
  "grpc.initial_reconnect_backoff_ms": 1000,
  "grpc.max_reconnect_backoff_ms": 30_000,
  "grpc.keepalive_time_ms": 310_000,
  "grpc.keepalive_timeout_ms": 20_000
}

const integers = (values: Readonly<Record<string, number>>): PartObject =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { intValue: value }]))

const dataSource = (filename: string): PartObject => ({ filename })

const callCredentials = (name: string, type: string, config: PartObject): PartObject => ({
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

const serviceConnectChannel = (mode: ServiceConnectMode): PartObject => ({
  targetUri: withSource(mode.endpoint, "APPMESH_XDS_ENDPOINT"),
  channelArgs: { args: integers(awsChannelArguments) }
})

const localRelayChannel = (settings: Settings): PartObject => ({
  targetUri: withSource(
    `127.0.0.1:${settings.APPNET_LOCAL_RELAY_LISTENER_PORT}`,
    "APPNET_LOCAL_RELAY_LISTENER_PORT",
    "APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS"
  ),
  channelArgs: { args: integers(localRelayChannelArguments) }
})

const appMeshChannel = (mode: AppMeshMode, settings: Settings, caBundle: string): PartObject => ({
  targetUri: withSource(mode.endpoint, ...appMeshEndpointVariables(settings)),
  channelArgs: { args: integers(awsChannelArguments) },
  channelCredentials: { sslCredentials: { rootCerts: withSource(dataSource(caBundle), "APPNET_CA_BUNDLE") } },
  ...callCredentials("aws_iam", "AwsIamConfig", {
    region: withSource(mode.region, "AWS_REGION"),
    serviceName: withSource(mode.signingName, "APPMESH_SIGNING_NAME", "APPMESH_PREVIEW")
  })
})

const clientCertificate = (mode: StandaloneMode, settings: Settings): PartObject => {
  const { APPNET_XDS_CLIENT_CERT_FILE: certificate, APPNET_XDS_CLIENT_KEY_FILE: key } = settings
  if (mode.security !== "mtls" || certificate === undefined || key === undefined) return {}
  return {
    certChain: withSource(dataSource(certificate), "APPNET_XDS_CLIENT_CERT_FILE"),
    privateKey: withSource(dataSource(key), "APPNET_XDS_CLIENT_KEY_FILE")
  }
}

const standaloneChannel = (mode: StandaloneMode, settings: Settings, caBundle: string): PartObject => {
  const { APPNET_XDS_SNI: sni, APPNET_XDS_TOKEN_FILE: token } = settings
  const isEncrypted = mode.security !== "grpc"
  return {
    targetUri: withSource(mode.endpoint, "APPMESH_XDS_ENDPOINT"),
    channelArgs: {
      args: {
        ...integers(standaloneChannelArguments),
        "grpc.ssl_target_name_override":
          isEncrypted && sni !== undefined ? withSource({ stringValue: sni }, "APPNET_XDS_SNI") : undefined
      }
    },
    channelCredentials: isEncrypted
      ? withSource(
          {
            sslCredentials: {
              rootCerts: withSource(dataSource(caBundle), "APPNET_CA_BUNDLE"),
              ...clientCertificate(mode, settings)
            }
          },
          "APPNET_XDS_MODE"
        )
      : undefined,
    // Envoy reads the file for each new stream, so a renewed token is used.
    ...(token === undefined
      ? {}
      : callCredentials("file_based_metadata", "FileBasedMetadataConfig", {
          secretData: withSource(dataSource(token), "APPNET_XDS_TOKEN_FILE"),
          headerKey: "authorization",
          headerPrefix: "Bearer "
        }))
  }
}

/** The gRPC channel to the management server: its address, keepalive and credentials. */
export const grpcChannel = (mode: WorkloadMode, settings: Settings, caBundle: string): PartObject => {
  switch (mode._tag) {
    case "ServiceConnect":
      return serviceConnectChannel(mode)
    case "AppMesh":
      return mode.localRelay === undefined ? appMeshChannel(mode, settings, caBundle) : localRelayChannel(settings)
    case "Standalone":
      return standaloneChannel(mode, settings, caBundle)
  }
}
