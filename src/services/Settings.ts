import { Schema } from "effect"
import {
  address,
  anyPort,
  autoOrBoolean,
  boolean,
  clamped,
  clampedDecimal,
  Decimal,
  daemonAddress,
  duration,
  largestUint32,
  listenAddress,
  logLevels,
  longestGoDuration,
  maybeBoolean,
  maybeNumber,
  maybeOneOf,
  number,
  oneOf,
  place,
  type Setting,
  secret,
  socketPath,
  text,
  textOr,
  whole,
  workers
} from "./settingKinds.ts"

const bootstrap = place("Envoy and its bootstrap")
const workloads = ["app mesh", "service connect", "standalone"] as const
const workload = place("Envoy and its bootstrap", workloads)
const appMesh = place("Envoy and its bootstrap", ["app mesh"])
const resource = place("Envoy and its bootstrap", ["app mesh", "service connect"])
const signing = place("Envoy and its bootstrap", ["app mesh", "relay", "local relay"])
const standalone = place("Standalone mode", ["standalone"])
const meshStats = place("Stats and tracing", ["app mesh"])
const meshAndService = place("Stats and tracing", ["app mesh", "service connect"])
const observed = place("Stats and tracing", workloads)
const running = place("Running Envoy")
const management = place("Management API")
const health = place("Health")
const logs = place("Logs")
const relay = place("Relay mode", ["relay"])
const relays = place("Relay mode", ["relay", "local relay"])
const localRelay = place("Local relay mode", ["local relay"])
const appMeshRelay = place("Local relay mode", ["app mesh"])
const platform = place("Platform")
const serviceConnect = place("Platform", ["service connect"])

/** Every variable that the agent reads. */
export const settingsTable = {
  APPMESH_RESOURCE_ARN: text(
    resource("ARN of the task set, virtual node or virtual gateway that this Envoy stands for: its node id")
  ),
  APPMESH_RESOURCE_NAME: text(
    appMesh("Deprecated: APPMESH_RESOURCE_ARN in its short form, mesh/NAME/virtualNode/NAME")
  ),
  APPMESH_VIRTUAL_NODE_NAME: text(appMesh("Deprecated: like APPMESH_RESOURCE_NAME, which goes before it")),
  APPMESH_RESOURCE_CLUSTER: text(
    resource("Envoy's node cluster, its name in metrics and traces", "the resource's name")
  ),
  APPMESH_VIRTUAL_NODE_CLUSTER: text(appMesh("Deprecated: read where APPMESH_RESOURCE_CLUSTER is not set")),
  APPMESH_XDS_ENDPOINT: text(
    bootstrap(
      "The management server: host:port, or unix://path for Service Connect; in relay mode, the host alone does as well",
      "the region's endpoint"
    )
  ),
  APPMESH_SIGNING_NAME: text(
    signing("Service name in the signature of AWS requests", "appmesh, or appmesh-preview with APPMESH_PREVIEW")
  ),
  APPMESH_PREVIEW: boolean(false, appMesh("Use App Mesh's preview endpoint")),
  APPMESH_DUALSTACK_ENDPOINT: boolean(false, appMesh("Use the App Mesh endpoint that has IPv4 and IPv6")),
  APPMESH_SDS_SOCKET_PATH: text(
    workload("Unix socket of a secret discovery service that hands out TLS certificates"),
    socketPath
  ),
  APPMESH_SET_TRACING_DECISION: boolean(
    true,
    workload("Envoy writes its tracing decision into the x-request-id of a client's request")
  ),
  ENVOY_CONFIG_FILE: text(
    bootstrap("A whole bootstrap of your own, used as it is; an empty file counts as unset", "generated")
  ),
  ENVOY_RESOURCES_CONFIG_FILE: text(workload("File of static resources that are added to the generated ones")),
  ENVOY_ADMIN_MODE: oneOf(
    ["tcp", "uds"],
    "tcp",
    bootstrap("Whether Envoy's admin listens on a TCP port or on a unix socket")
  ),
  ENVOY_ADMIN_ACCESS_PORT: number(9901, anyPort, bootstrap("TCP port of Envoy's admin")),
  ENVOY_ADMIN_ACCESS_ENABLE_IPV6: boolean(false, bootstrap("Envoy's admin listens on IPv6 as well")),
  APPNET_ENVOY_ADMIN_ADDRESS: textOr(
    "0.0.0.0",
    bootstrap(
      "IP address of Envoy's admin, which has no protection: 127.0.0.1 keeps it inside",
      "0.0.0.0, or :: with ENVOY_ADMIN_ACCESS_ENABLE_IPV6"
    ),
    address
  ),
  APPNET_ENVOY_ADMIN_UDS_PATH: textOr(
    "/tmp/envoy_admin.sock",
    bootstrap("Unix socket of Envoy's admin, in uds and relay mode"),
    socketPath
  ),
  ENVOY_ADMIN_ACCESS_LOG_FILE: textOr(
    "/var/log/envoy_admin_access.log",
    bootstrap(
      "Access log of Envoy's admin",
      "/var/log/envoy_admin_access.log, or in /tmp where that folder cannot be written"
    )
  ),
  ENVOY_LOG_LEVEL: {
    ...oneOf(logLevels, "info", bootstrap("Envoy's log level; warn and warning are the same")),
    policy: "fallback"
  },
  ENVOY_INITIAL_FETCH_TIMEOUT: number(
    0,
    whole(0, largestUint32, "a whole number of seconds"),
    workload("Seconds that Envoy waits for its first configuration; 0 is for ever")
  ),
  ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: boolean(
    true,
    workload("Envoy finds extensions by their type URL alone, and rejects configuration without one")
  ),
  ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: maybeBoolean(
    workload("false takes the idle time-out from TCP upstreams", "what Envoy does by itself")
  ),
  ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS: boolean(
    false,
    bootstrap("Envoy fetches AWS credentials with its own HTTP client, not with libcurl")
  ),
  MAX_REQUESTS_PER_IO_CYCLE: maybeNumber(
    whole(1, largestUint32),
    workload("Requests of one connection that Envoy takes on in one I/O cycle", "no limit")
  ),
  ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH: textOr(
    "/dev/stdout",
    workload("File in which Envoy logs the hosts it ejects as outliers")
  ),
  APPNET_RUNTIME_GUARDS: oneOf(
    ["auto", "all"],
    "auto",
    bootstrap("all writes every documented runtime flag; auto leaves out those that this Envoy has removed")
  ),
  APPNET_CA_BUNDLE: text(
    bootstrap(
      "Trusted roots, wherever the bootstrap names some",
      "/etc/pki/tls/cert.pem, else the first that exists of /etc/ssl/certs/ca-certificates.crt, /etc/ssl/cert.pem"
    )
  ),

  APPNET_XDS_MODE: maybeOneOf(
    ["grpc", "tls", "mtls"],
    standalone("Take configuration from any ADS server at APPMESH_XDS_ENDPOINT: plain, over TLS or over mutual TLS")
  ),
  APPNET_NODE_ID: text(standalone("Envoy's node id", "the host name")),
  APPNET_NODE_CLUSTER: text(standalone("Envoy's node cluster", "the host name")),
  APPNET_XDS_CLIENT_CERT_FILE: text(standalone("Client certificate for mutual TLS")),
  APPNET_XDS_CLIENT_KEY_FILE: text(standalone("Private key of the client certificate")),
  APPNET_XDS_SNI: text(standalone("Server name asked for in TLS", "the endpoint's host")),
  APPNET_XDS_TOKEN_FILE: text(standalone("File with a bearer token for the control plane")),

  ENABLE_ENVOY_STATS_TAGS: boolean(false, meshStats("Tag stats with the mesh and the virtual node or gateway")),
  APPMESH_METRIC_EXTENSION_VERSION: maybeOneOf(["0", "1"], meshAndService("1 turns the metrics extension on")),
  ENVOY_STATS_FLUSH_INTERVAL: {
    ...maybeNumber(
      duration(1, 299_999, "of at least 1ms and less than 5m"),
      observed("Time between two flushes to the stats sinks", "Envoy's own, 5s")
    ),
    unit: "duration"
  },
  ENVOY_STATS_CONFIG_FILE: text(observed("File with an Envoy stats_config")),
  ENVOY_STATS_SINKS_CFG_FILE: text(observed("File with Envoy stats_sinks, which take the place of DogStatsD")),
  ENABLE_ENVOY_DOG_STATSD: boolean(false, observed("Send stats to DogStatsD")),
  STATSD_PORT: number(8125, anyPort, observed("UDP port of DogStatsD")),
  STATSD_ADDRESS: textOr("127.0.0.1", observed("IP address of DogStatsD"), address),
  STATSD_SOCKET_PATH: text(observed("Unix socket of DogStatsD, which takes the place of address and port"), socketPath),
  ENABLE_ENVOY_XRAY_TRACING: boolean(false, observed("Trace to AWS X-Ray")),
  XRAY_DAEMON_PORT: number(2000, anyPort, observed("UDP port of the X-Ray daemon")),
  AWS_XRAY_DAEMON_ADDRESS: text(
    observed("The X-Ray daemon; of tcp:IP:port udp:IP:port, the udp part", "127.0.0.1 and XRAY_DAEMON_PORT"),
    daemonAddress
  ),
  XRAY_SAMPLING_RATE: maybeNumber(
    { schema: Decimal.check(Schema.isBetween({ minimum: 0, maximum: 1 })), allowed: "a decimal from 0 to 1" },
    observed("Share of the requests that X-Ray samples", "0.05")
  ),
  XRAY_SAMPLING_RULE_MANIFEST: text(observed("File with X-Ray sampling rules, which go before XRAY_SAMPLING_RATE")),
  XRAY_SEGMENT_NAME: text(observed("Name of the X-Ray segments", "mesh/resource")),
  ENABLE_ENVOY_DATADOG_TRACING: boolean(false, observed("Trace to Datadog")),
  DATADOG_TRACER_PORT: number(8126, anyPort, observed("Port of the Datadog agent")),
  DATADOG_TRACER_ADDRESS: textOr("127.0.0.1", observed("Address of the Datadog agent")),
  DD_SERVICE: text(observed("Service name in Datadog's traces", "envoy-mesh/resource")),
  ENABLE_ENVOY_JAEGER_TRACING: boolean(false, observed("Trace to Jaeger, by its Zipkin port")),
  JAEGER_TRACER_PORT: number(9411, anyPort, observed("Port of the Jaeger collector")),
  JAEGER_TRACER_ADDRESS: textOr("127.0.0.1", observed("Address of the Jaeger collector")),
  JAEGER_TRACER_VERSION: oneOf(["proto", "json"], "proto", observed("Encoding of the spans")),
  ENVOY_TRACING_CFG_FILE: text(
    observed("File with an Envoy tracing configuration, which takes the place of the tracers above")
  ),

  APPNET_ENVOY_PATH: text(running("The Envoy to start", "/usr/bin/envoy, else envoy on PATH")),
  APPNET_RUN_DIR: textOr("/tmp", running("Folder of the agent's own sockets, FIFOs and generated files")),
  ENVOY_CONCURRENCY: {
    ...maybeNumber(
      workers,
      running("Envoy's worker threads; below 1 counts as unset", "one for each core; 1 in relay mode")
    ),
    policy: "fallback"
  },
  APPNET_ENVOY_RESTART_COUNT: clamped(0, [0, 10], running("How often Envoy is started again after it ended by itself")),
  PID_POLL_INTERVAL_MS: clamped(100, [10, 1000], running("Milliseconds between two samples of Envoy's process")),
  LISTENER_DRAIN_WAIT_TIME_S: clamped(
    20,
    [1, 110],
    running("Longest time that a stop waits for connections to end, in seconds")
  ),
  LISTENER_DRAIN_MIN_WAIT_TIME_S: {
    ...clamped(
      5,
      [0, 110],
      running("Shortest time that a stop waits, in seconds", "5, or LISTENER_DRAIN_WAIT_TIME_S where that is shorter")
    ),
    allowed: "a whole number from 0 to LISTENER_DRAIN_WAIT_TIME_S"
  },
  DISABLE_HOT_RESTART: boolean(true, running("Start Envoy without hot restart")),
  ENVOY_SKIP_DEPRECATED_LOGS: boolean(true, running("Envoy does not log the use of deprecated fields")),

  APPNET_AGENT_ADMIN_MODE: maybeOneOf(
    ["tcp", "uds"],
    management("Serve the management API on TCP or on a unix socket", "not served")
  ),
  APPNET_AGENT_HTTP_PORT: number(
    9902,
    whole(1, 65_534, "a port"),
    management("TCP port of the management API; only root may take one up to 1024")
  ),
  APPNET_AGENT_HTTP_BIND_ADDRESS: textOr("[::]", management("IP address of the management API")),
  APPNET_AGENT_ADMIN_UDS_PATH: textOr(
    "/var/run/ecs/appnet_admin.sock",
    management("Unix socket of the management API"),
    socketPath
  ),
  APPNET_AGENT_ADMIN_TOKEN: secret(management("Bearer token that every POST then needs")),
  APPNET_AGENT_ALLOWED_HOSTS: text(
    management("Host names by which a browser may reach the API, beside IP addresses and localhost")
  ),
  APPNET_AGENT_SCRAPE_ADDRESS: text(
    management("A second address, for /stats/prometheus and /metrics alone"),
    listenAddress
  ),
  APPNET_AGENT_LOGGING_RESET_TIMEOUT: clamped(
    300,
    [1, 86_400],
    management("Seconds after which a log level set by /enableLogging is reset")
  ),
  ENABLE_STATS_SNAPSHOT: boolean(false, management("Take snapshots of the stats, from which deltas are made")),
  APPNET_STATS_SNAPSHOT_INTERVAL_S: clamped(60, [1, 3600], management("Seconds between two snapshots")),

  HC_POLL_INTERVAL_MS: clamped(
    10_000,
    [2000, 30_000],
    health(
      "Milliseconds between two looks at Envoy's health",
      "10000, or APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S where only that is set"
    )
  ),
  HC_DISCONNECTED_TIMEOUT_S: clamped(
    604_800,
    [3600, 604_800],
    health("Seconds without the management server after which Envoy counts as UNHEALTHY")
  ),
  APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: clamped(
    5,
    [0, 86_400],
    health("Seconds between two questions of `appnet-agent ready`; 0 asks once")
  ),
  APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S: clamped(
    180,
    [0, 86_400],
    health("Seconds that `appnet-agent ready` goes on asking; 0 asks once")
  ),

  APPNET_ENVOY_LOG_DESTINATION: text(
    logs(
      "Folder, which must be there, of a log file for all lines of Envoy and the agent; /dev with the name stdout or stderr is the agent's own output",
      "no file: stdout and stderr"
    )
  ),
  APPNET_ENVOY_LOG_NAME: textOr("appnet_envoy.log", logs("Name of the log file")),
  APPNET_AGENT_MAX_LOG_FILE_SIZE: clampedDecimal(
    1,
    [0.01, 1024],
    logs("Size beyond which no line is added to a log file, but it is rotated, in megabytes (1024 * 1024 bytes)")
  ),
  APPNET_AGENT_MAX_RETENTION_COUNT: clamped(
    5,
    [0, 1000],
    logs("Rotated log files that are kept, beside the one that is written")
  ),
  APPNET_AGENT_LOG_FORMAT: oneOf(
    ["text", "json"],
    "text",
    logs("Form of the agent's own lines: like Envoy's, or one JSON object each")
  ),

  APPNET_ENABLE_RELAY_MODE_FOR_XDS: boolean(
    false,
    relay("Run as the relay that carries the xDS streams of a whole host")
  ),
  APPNET_MANAGEMENT_DOMAIN_NAME: text(
    relay("Host name of the management server", "from APPMESH_XDS_ENDPOINT, else the region's")
  ),
  APPNET_MANAGEMENT_PORT: number(443, anyPort, relay("Port of the management server")),
  APPNET_RELAY_LISTENER_UDS_PATH: textOr(
    "/tmp/relay_xds.sock",
    relay("Unix socket on which the relay serves"),
    socketPath
  ),
  RELAY_STREAM_IDLE_TIMEOUT: {
    ...number(
      2_400_000,
      duration(0, longestGoDuration, "at most 2562047h"),
      relays("Idle time after which the relay ends a stream; 0 is never")
    ),
    unit: "duration"
  },
  RELAY_BUFFER_LIMIT_BYTES: number(
    10_485_760,
    whole(1, largestUint32),
    relays("Buffer of each connection of the relay, in bytes")
  ),

  APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: autoOrBoolean(
    appMeshRelay("A second Envoy signs what the first sends; auto: where Envoy cannot sign by itself")
  ),
  APPNET_LOCAL_RELAY_LISTENER_PORT: number(15_003, anyPort, localRelay("Port on which the local relay serves")),
  APPNET_LOCAL_RELAY_ADMIN_PORT: number(9903, anyPort, localRelay("Port of the local relay's admin")),
  APPNET_LOCAL_RELAY_ADMIN_HOST: textOr("127.0.0.1", localRelay("IP address of the local relay's admin"), address),
  APPNET_LOCAL_RELAY_LOG_DESTINATION: textOr(
    "/tmp",
    localRelay(
      "Folder of the local relay's log file, which is rotated as the other one; /dev for the agent's own output"
    )
  ),
  APPNET_LOCAL_RELAY_LOG_FILE_NAME: textOr(
    "local_relay_appnet_envoy.log",
    localRelay("The local relay's log file in that folder, or stdout or stderr")
  ),

  AWS_REGION: text(platform("The AWS region", "asked of the metadata endpoints, where it is needed")),
  AWS_EXECUTION_ENV: text(platform("What runs this task, as ECS says")),
  APPNET_FIPS_MODE_ENABLED: boolean(false, platform("Tell the management server that FIPS is asked for")),
  ECS_CONTAINER_METADATA_URI: text(platform("ECS task metadata endpoint, version 3")),
  ECS_CONTAINER_METADATA_URI_V4: text(platform("ECS task metadata endpoint, version 4")),
  ECS_CONTAINER_INSTANCE_ARN: text(platform("ARN of the container instance, told to the management server")),
  EC2_METADATA_HOST_ONLY_FOR_TESTING: text(platform("EC2 metadata endpoint to use in tests")),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: text(platform("EC2 metadata endpoint to use instead of the usual one")),
  APPMESH_PLATFORM_K8S_VERSION: text(platform("Version of Kubernetes, as the controller says")),
  APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION: text(platform("Version of the controller, as it says")),
  APPMESH_PLATFORM_K8S_POD_UID: text(platform("UID of the pod, as the controller says")),
  NAMESPACE_NAME: text(serviceConnect("Name of the service discovery namespace")),
  NAMESPACE_ARN: text(serviceConnect("ARN of the service discovery namespace")),
  APPNET_CONTAINER_IP_MAPPING: text(
    serviceConnect("JSON object from container name to IP address, as the ECS agent sets it")
  ),
  APPNET_LISTENER_PORT_MAPPING: text(serviceConnect("JSON object from listener name to port, as the ECS agent sets it"))
} as const

export type SettingName = keyof typeof settingsTable

/** The typed values in force, by variable name. */
export type Settings = {
  readonly [K in SettingName]: (typeof settingsTable)[K] extends Setting<infer A> ? A : never
}
