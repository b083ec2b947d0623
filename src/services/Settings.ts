import { maximumGoDuration } from "./goDuration.ts"
import type { Setting } from "./Setting.ts"
import {
  anyPort,
  autoOrBoolean,
  boolean,
  clamped,
  clampedDecimal,
  decimalNumber,
  documented,
  duration,
  ipAddress,
  listenAddress,
  maximumUint32,
  number,
  oneOf,
  optionalBoolean,
  optionalDuration,
  optionalNumber,
  optionalOneOf,
  optionalText,
  positiveOrUnset,
  secret,
  socketPath,
  text,
  wholeNumber,
  xrayDaemonAddress
} from "./settingKinds.ts"

const workloadModes = ["app mesh", "service connect", "standalone"] as const

// Group and modes, for rows that share them.
const envoy = documented("Envoy and its bootstrap")
const workload = documented("Envoy and its bootstrap", workloadModes)
const appMesh = documented("Envoy and its bootstrap", ["app mesh"])
const meshNode = documented("Envoy and its bootstrap", ["app mesh", "service connect"])
const signing = documented("Envoy and its bootstrap", ["app mesh", "relay", "local relay"])
const standalone = documented("Standalone mode", ["standalone"])
const appMeshStats = documented("Stats and tracing", ["app mesh"])
const meshStats = documented("Stats and tracing", ["app mesh", "service connect"])
const workloadStats = documented("Stats and tracing", workloadModes)
const running = documented("Running Envoy")
const management = documented("Management API")
const health = documented("Health")
const logs = documented("Logs")
const relay = documented("Relay mode", ["relay"])
const anyRelay = documented("Relay mode", ["relay", "local relay"])
const localRelay = documented("Local relay mode", ["local relay"])
const localRelaySwitch = documented("Local relay mode", ["app mesh"])
const platform = documented("Platform")
const serviceConnect = documented("Platform", ["service connect"])

const logLevels = ["trace", "debug", "info", "warn", "warning", "error", "critical", "off"] as const

/** Every variable that the agent reads. */
export const settingsTable = {
  APPMESH_RESOURCE_ARN: optionalText(
    meshNode("ARN of the task set, virtual node or virtual gateway that this Envoy represents; it is the node id")
  ),
  APPMESH_RESOURCE_NAME: optionalText(
    appMesh("Deprecated: the short form of APPMESH_RESOURCE_ARN, mesh/NAME/virtualNode/NAME")
  ),
  APPMESH_VIRTUAL_NODE_NAME: optionalText(
    appMesh("Deprecated: like APPMESH_RESOURCE_NAME, which wins if both are set")
  ),
  APPMESH_RESOURCE_CLUSTER: optionalText(
    meshNode("Envoy's node cluster: the name of the service in metrics and traces", "the resource's name")
  ),
  APPMESH_VIRTUAL_NODE_CLUSTER: optionalText(appMesh("Deprecated: used if APPMESH_RESOURCE_CLUSTER is not set")),
  APPMESH_XDS_ENDPOINT: optionalText(
    envoy(
      "The management server: host:port, or unix://path for Service Connect. In relay mode, a host without a port is enough",
      "the region's endpoint"
    )
  ),
  APPMESH_SIGNING_NAME: optionalText(
    signing("Service name in the signature of AWS requests", "appmesh, or appmesh-preview with APPMESH_PREVIEW")
  ),
  APPMESH_PREVIEW: boolean(false, appMesh("Use the preview endpoint of App Mesh")),
  APPMESH_DUALSTACK_ENDPOINT: boolean(false, appMesh("Use the endpoint of App Mesh that has IPv4 and IPv6 addresses")),
  APPMESH_SDS_SOCKET_PATH: optionalText(
    workload("Unix socket of a secret discovery service (SDS), which provides TLS certificates"),
    socketPath
  ),
  APPMESH_SET_TRACING_DECISION: boolean(
    true,
    workload("Envoy writes its tracing decision into the x-request-id header of client requests")
  ),
  ENVOY_CONFIG_FILE: optionalText(
    envoy("File with a whole bootstrap of your own, used unchanged. An empty file counts as not set", "generated")
  ),
  ENVOY_RESOURCES_CONFIG_FILE: optionalText(
    workload("File with static resources (or any other part of a bootstrap) that are added to the generated one")
  ),
  ENVOY_ADMIN_MODE: oneOf(
    ["tcp", "uds"],
    "tcp",
    envoy("Whether Envoy's admin listens on a TCP port or on a unix socket")
  ),
  ENVOY_ADMIN_ACCESS_PORT: number(9901, anyPort, envoy("TCP port of Envoy's admin")),
  ENVOY_ADMIN_ACCESS_ENABLE_IPV6: boolean(false, envoy("Envoy's admin listens on IPv6 as well")),
  APPNET_ENVOY_ADMIN_ADDRESS: text(
    "0.0.0.0",
    envoy(
      "IP address of Envoy's admin. The admin has no access control: 127.0.0.1 keeps it private",
      "0.0.0.0, or :: with ENVOY_ADMIN_ACCESS_ENABLE_IPV6"
    ),
    ipAddress
  ),
  APPNET_ENVOY_ADMIN_UDS_PATH: text(
    "/tmp/envoy_admin.sock",
    envoy("Unix socket of Envoy's admin, with ENVOY_ADMIN_MODE=uds and in relay mode"),
    socketPath
  ),
  ENVOY_ADMIN_ACCESS_LOG_FILE: text(
    "/var/log/envoy_admin_access.log",
    envoy("Access log of Envoy's admin", "/var/log/envoy_admin_access.log, or /dev/null if /var/log cannot be written")
  ),
  ENVOY_LOG_LEVEL: {
    ...oneOf(logLevels, "info", envoy("Envoy's log level; warn and warning are the same")),
    policy: "fallback"
  },
  ENVOY_INITIAL_FETCH_TIMEOUT: number(
    0,
    wholeNumber(0, maximumUint32, "a whole number of seconds"),
    workload("Seconds that Envoy waits for its first configuration; 0 means no limit")
  ),
  ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: boolean(
    true,
    workload("Envoy finds extensions by their type URL only, and rejects configuration without one")
  ),
  ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: optionalBoolean(
    workload("false turns off the idle timeout of TCP connections to upstreams", "Envoy's own default")
  ),
  ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS: boolean(
    false,
    envoy("Envoy fetches AWS credentials with its own HTTP client instead of libcurl")
  ),
  MAX_REQUESTS_PER_IO_CYCLE: optionalNumber(
    wholeNumber(1, maximumUint32),
    workload("Requests of one connection that Envoy processes in one I/O cycle", "no limit")
  ),
  ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH: text(
    "/dev/stdout",
    workload("File to which Envoy logs the hosts that it ejects as outliers")
  ),
  APPNET_RUNTIME_GUARDS: oneOf(
    ["auto", "all"],
    "auto",
    envoy("all writes every documented runtime flag; auto leaves out those that this version of Envoy has removed")
  ),
  APPNET_CA_BUNDLE: optionalText(
    envoy(
      "File with the root certificates by which the management server's certificate is checked",
      "/etc/pki/tls/cert.pem, else the first that exists of /etc/ssl/certs/ca-certificates.crt, /etc/ssl/cert.pem"
    )
  ),

  APPNET_XDS_MODE: optionalOneOf(
    ["grpc", "tls", "mtls"],
    standalone("Get the configuration from any ADS server at APPMESH_XDS_ENDPOINT: over plain gRPC, TLS or mutual TLS")
  ),
  APPNET_NODE_ID: optionalText(standalone("Envoy's node id", "the host name")),
  APPNET_NODE_CLUSTER: optionalText(standalone("Envoy's node cluster", "the host name")),
  APPNET_XDS_CLIENT_CERT_FILE: optionalText(standalone("Client certificate for mutual TLS")),
  APPNET_XDS_CLIENT_KEY_FILE: optionalText(standalone("Private key of the client certificate")),
  APPNET_XDS_SNI: optionalText(
    standalone("Server name that is requested in TLS and that the certificate must have", "the endpoint's host")
  ),
  APPNET_XDS_TOKEN_FILE: optionalText(standalone("File with a bearer token for the control plane")),

  ENABLE_ENVOY_STATS_TAGS: boolean(false, appMeshStats("Tag stats with the mesh and the virtual node or gateway")),
  APPMESH_METRIC_EXTENSION_VERSION: optionalOneOf(["0", "1"], meshStats("1 turns the metrics extension on")),
  ENVOY_STATS_FLUSH_INTERVAL: optionalDuration(
    [1, 299_999],
    "of at least 1ms and less than 5m",
    workloadStats("Time between two flushes to the stats sinks", "Envoy's own default, 5s")
  ),
  ENVOY_STATS_CONFIG_FILE: optionalText(workloadStats("File with an Envoy stats_config")),
  ENVOY_STATS_SINKS_CFG_FILE: optionalText(workloadStats("File with Envoy stats_sinks, which replace DogStatsD")),
  ENABLE_ENVOY_DOG_STATSD: boolean(false, workloadStats("Send stats to DogStatsD")),
  STATSD_PORT: number(8125, anyPort, workloadStats("UDP port of DogStatsD")),
  STATSD_ADDRESS: text("127.0.0.1", workloadStats("IP address of DogStatsD"), ipAddress),
  STATSD_SOCKET_PATH: optionalText(
    workloadStats("Unix socket of DogStatsD, used instead of its address and port"),
    socketPath
  ),
  ENABLE_ENVOY_XRAY_TRACING: boolean(false, workloadStats("Trace with AWS X-Ray")),
  XRAY_DAEMON_PORT: number(2000, anyPort, workloadStats("UDP port of the X-Ray daemon")),
  AWS_XRAY_DAEMON_ADDRESS: optionalText(
    workloadStats(
      "Address of the X-Ray daemon; of tcp:IP:port udp:IP:port, the udp part is used",
      "127.0.0.1 and XRAY_DAEMON_PORT"
    ),
    xrayDaemonAddress
  ),
  XRAY_SAMPLING_RATE: optionalNumber(
    decimalNumber(0, 1),
    workloadStats("Share of the requests that X-Ray samples", "0.05")
  ),
  XRAY_SAMPLING_RULE_MANIFEST: optionalText(
    workloadStats("File with X-Ray sampling rules, used instead of XRAY_SAMPLING_RATE")
  ),
  XRAY_SEGMENT_NAME: optionalText(workloadStats("Name of the X-Ray segments", "mesh/resource")),
  ENABLE_ENVOY_DATADOG_TRACING: boolean(false, workloadStats("Trace with Datadog")),
  DATADOG_TRACER_PORT: number(8126, anyPort, workloadStats("Port of the Datadog agent")),
  DATADOG_TRACER_ADDRESS: text("127.0.0.1", workloadStats("Address of the Datadog agent")),
  DD_SERVICE: optionalText(workloadStats("Service name in Datadog's traces", "envoy-mesh/resource")),
  ENABLE_ENVOY_JAEGER_TRACING: boolean(false, workloadStats("Trace with Jaeger, over its Zipkin port")),
  JAEGER_TRACER_PORT: number(9411, anyPort, workloadStats("Port of the Jaeger collector")),
  JAEGER_TRACER_ADDRESS: text("127.0.0.1", workloadStats("Address of the Jaeger collector")),
  JAEGER_TRACER_VERSION: oneOf(["proto", "json"], "proto", workloadStats("Encoding of the spans")),
  ENVOY_TRACING_CFG_FILE: optionalText(
    workloadStats("File with an Envoy tracing configuration, which replaces the tracers above")
  ),

  APPNET_ENVOY_PATH: optionalText(running("The Envoy to start", "/usr/bin/envoy, else envoy on PATH")),
  APPNET_RUN_DIR: text("/tmp", running("Folder for the agent's own sockets, FIFOs and generated files")),
  ENVOY_CONCURRENCY: {
    ...optionalNumber(
      positiveOrUnset,
      running("Worker threads of Envoy; a number below 1 counts as not set", "one for each core; 1 in relay mode")
    ),
    policy: "fallback"
  },
  APPNET_ENVOY_RESTART_COUNT: clamped(
    0,
    [0, 10],
    running("How many times Envoy is restarted after it exited by itself")
  ),
  PID_POLL_INTERVAL_MS: clamped(100, [10, 1000], running("Milliseconds between two samples of Envoy's process")),
  LISTENER_DRAIN_WAIT_TIME_S: clamped(
    20,
    [1, 110],
    running("Longest time in seconds that a stop waits for connections to end")
  ),
  LISTENER_DRAIN_MIN_WAIT_TIME_S: {
    ...clamped(
      5,
      [0, 110],
      running("Shortest time in seconds that a stop waits", "5, or LISTENER_DRAIN_WAIT_TIME_S if that is shorter")
    ),
    allowed: "a whole number from 0 to LISTENER_DRAIN_WAIT_TIME_S"
  },
  DISABLE_HOT_RESTART: boolean(true, running("Start Envoy without hot restart")),
  ENVOY_SKIP_DEPRECATED_LOGS: boolean(true, running("Envoy does not log the use of deprecated fields")),

  APPNET_AGENT_ADMIN_MODE: optionalOneOf(
    ["tcp", "uds"],
    management("Serve the management API on TCP or on a unix socket", "not served")
  ),
  APPNET_AGENT_HTTP_PORT: number(
    9902,
    wholeNumber(1, 65_534, "a port"),
    management("TCP port of the management API; only root may use a port up to 1024")
  ),
  APPNET_AGENT_HTTP_BIND_ADDRESS: text("[::]", management("IP address of the management API")),
  APPNET_AGENT_ADMIN_UDS_PATH: text(
    "/var/run/ecs/appnet_admin.sock",
    management("Unix socket of the management API"),
    socketPath
  ),
  APPNET_AGENT_ADMIN_TOKEN: secret(management("Bearer token that every POST needs, if it is set")),
  APPNET_AGENT_ALLOWED_HOSTS: optionalText(
    management("Host names by which the API may be reached, besides IP addresses and localhost")
  ),
  APPNET_AGENT_SCRAPE_ADDRESS: optionalText(
    management("A second address, which serves /stats/prometheus and /metrics only"),
    listenAddress
  ),
  APPNET_AGENT_LOGGING_RESET_TIMEOUT: clamped(
    300,
    [1, 86_400],
    management("Seconds after which a log level set by /enableLogging is reset")
  ),
  ENABLE_STATS_SNAPSHOT: boolean(false, management("Take snapshots of the stats, from which deltas are computed")),
  APPNET_STATS_SNAPSHOT_INTERVAL_S: clamped(60, [1, 3600], management("Seconds between two snapshots")),

  HC_POLL_INTERVAL_MS: clamped(
    10_000,
    [2000, 30_000],
    health(
      "Milliseconds between two health checks of Envoy",
      "10000, or APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S if only that is set"
    )
  ),
  HC_DISCONNECTED_TIMEOUT_S: clamped(
    604_800,
    [3600, 604_800],
    health("Seconds without a connection to the management server after which Envoy is UNHEALTHY")
  ),
  APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: clamped(
    5,
    [0, 86_400],
    health("Seconds between two requests of `appnet-agent ready`; 0 means a single request")
  ),
  APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S: clamped(
    180,
    [0, 86_400],
    health("Seconds for which `appnet-agent ready` keeps polling; 0 means a single request")
  ),

  APPNET_ENVOY_LOG_DESTINATION: optionalText(
    logs(
      "Existing folder for a log file with all lines of Envoy and the agent. /dev, with the name stdout or stderr, means the agent's own output",
      "no file: stdout and stderr"
    )
  ),
  APPNET_ENVOY_LOG_NAME: text("appnet_envoy.log", logs("Name of the log file")),
  APPNET_AGENT_MAX_LOG_FILE_SIZE: clampedDecimal(
    1,
    [0.01, 1024],
    logs("Largest size of a log file in megabytes (1024 * 1024 bytes): it is rotated before a line would exceed it")
  ),
  APPNET_AGENT_MAX_RETENTION_COUNT: clamped(
    5,
    [0, 1000],
    logs("How many rotated log files are kept, besides the current one")
  ),
  APPNET_AGENT_LOG_LEVEL: {
    ...oneOf(logLevels, "info", logs("Level of the agent's own log lines")),
    policy: "fallback"
  },
  APPNET_AGENT_LOG_FORMAT: oneOf(
    ["text", "json"],
    "text",
    logs("Format of the agent's own log lines: like Envoy's, or one JSON object each")
  ),

  APPNET_ENABLE_RELAY_MODE_FOR_XDS: boolean(
    false,
    relay("Run as the relay that forwards the xDS streams of all agents of a host")
  ),
  APPNET_MANAGEMENT_DOMAIN_NAME: optionalText(
    relay("Host name of the management server", "from APPMESH_XDS_ENDPOINT, else the region's")
  ),
  APPNET_MANAGEMENT_PORT: number(443, anyPort, relay("Port of the management server")),
  APPNET_RELAY_LISTENER_UDS_PATH: text(
    "/tmp/relay_xds.sock",
    relay("Unix socket on which the relay listens"),
    socketPath
  ),
  RELAY_STREAM_IDLE_TIMEOUT: duration(
    2_400_000,
    [0, maximumGoDuration],
    "at most 2562047h",
    anyRelay("Idle time after which the relay ends a stream; 0 means never")
  ),
  RELAY_BUFFER_LIMIT_BYTES: number(
    10_485_760,
    wholeNumber(1, maximumUint32),
    anyRelay("Buffer limit of each connection of the relay, in bytes")
  ),

  APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: autoOrBoolean(
    localRelaySwitch("Start a second Envoy that signs AWS requests for the first; auto: if Envoy cannot sign them")
  ),
  APPNET_LOCAL_RELAY_LISTENER_PORT: number(15_003, anyPort, localRelay("Port on which the local relay listens")),
  APPNET_LOCAL_RELAY_ADMIN_PORT: number(9903, anyPort, localRelay("Port of the local relay's admin")),
  APPNET_LOCAL_RELAY_ADMIN_HOST: text("127.0.0.1", localRelay("IP address of the local relay's admin"), ipAddress),
  APPNET_LOCAL_RELAY_LOG_DESTINATION: text(
    "/tmp",
    localRelay(
      "Folder of the local relay's log file, which is rotated like the main one; /dev for the agent's own output"
    )
  ),
  APPNET_LOCAL_RELAY_LOG_FILE_NAME: text(
    "local_relay_appnet_envoy.log",
    localRelay("Name of the local relay's log file in that folder, or stdout or stderr for the agent's own output")
  ),

  AWS_REGION: optionalText(platform("The AWS region", "from EC2 instance metadata, if a region is needed")),
  AWS_EXECUTION_ENV: optionalText(platform("What runs this task, as ECS sets it")),
  APPNET_FIPS_MODE_ENABLED: boolean(false, platform("Tell the management server that FIPS mode is on")),
  ECS_CONTAINER_METADATA_URI: optionalText(platform("ECS task metadata endpoint, version 3")),
  ECS_CONTAINER_METADATA_URI_V4: optionalText(platform("ECS task metadata endpoint, version 4")),
  ECS_CONTAINER_INSTANCE_ARN: optionalText(
    platform("ARN of the container instance, which is sent to the management server")
  ),
  EC2_METADATA_HOST_ONLY_FOR_TESTING: optionalText(platform("EC2 instance metadata endpoint for tests")),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: optionalText(
    platform("EC2 instance metadata endpoint to use instead of http://169.254.169.254")
  ),
  APPMESH_PLATFORM_K8S_VERSION: optionalText(platform("Version of Kubernetes, as the App Mesh controller sets it")),
  APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: optionalText(
    platform("Version of the App Mesh controller, as it sets it itself")
  ),
  APPMESH_PLATFORM_K8S_POD_UID: optionalText(platform("UID of the pod, as the App Mesh controller sets it")),
  NAMESPACE_NAME: optionalText(serviceConnect("Name of the service discovery namespace")),
  NAMESPACE_ARN: optionalText(serviceConnect("ARN of the service discovery namespace")),
  APPNET_CONTAINER_IP_MAPPING: optionalText(
    serviceConnect("JSON object of container names and IP addresses, as the ECS agent sets it")
  ),
  APPNET_LISTENER_PORT_MAPPING: optionalText(
    serviceConnect("JSON object of listener names and ports, as the ECS agent sets it")
  )
} as const

export type SettingName = keyof typeof settingsTable

/** The decoded values in force, by variable name. */
export type Settings = {
  readonly [K in SettingName]: (typeof settingsTable)[K] extends Setting<infer A> ? A : never
}
