import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Layer, Option, PlatformError, Schema } from "effect"
import { BootstrapLive } from "../../../src/layers/bootstrap/BootstrapLive.ts"
import { uncheckedFrom } from "../../../src/layers/config/ConfigLive.ts"
import { Bootstrap, type Json } from "../../../src/services/Bootstrap.ts"
import { EnvoyBinary, type EnvoyNotFound, type EnvoyVersion } from "../../../src/services/EnvoyBinary.ts"
import { Host } from "../../../src/services/Host.ts"
import {
  type Collected,
  type InstanceFacts,
  InstanceMetadata,
  noInstanceFacts,
  noTaskFacts,
  type TaskFacts,
  TaskMetadata
} from "../../../src/services/Metadata.ts"

export type Environment = Readonly<Record<string, string>>

export const envoy140: EnvoyVersion = { major: 1, minor: 40, patch: 0, fips: false }

export const host = Host.of({
  name: "task-host",
  kernelVersion: "6.1.0",
  machine: "x86_64",
  addresses: [
    { interface: "lo", family: "ipv4", cidr: "127.0.0.1/8" },
    { interface: "eth0", family: "ipv4", cidr: "10.0.0.3/24" },
    { interface: "eth0", family: "ipv6", cidr: "fd00::3/64" }
  ]
})

export interface World {
  readonly path?: Effect.Effect<string, EnvoyNotFound>
  readonly version?: Option.Option<EnvoyVersion>
  readonly signsForAws?: Option.Option<boolean>
  readonly task?: Effect.Effect<Collected<TaskFacts>>
  readonly instance?: Effect.Effect<Collected<InstanceFacts>>
  /** Replaces the real file system. */
  readonly files?: Layer.Layer<FileSystem.FileSystem>
}

/** Everything that a bootstrap depends on. What `world` does not replace is fixed; files are real. */
export const worldOf = (environment: Environment, world: World = {}) =>
  Layer.mergeAll(
    Layer.succeed(Host, host),
    Layer.succeed(
      EnvoyBinary,
      EnvoyBinary.of({
        path: world.path ?? Effect.succeed("/usr/bin/envoy"),
        version: Effect.succeed(world.version ?? Option.some(envoy140)),
        signsForAws: Effect.succeed(world.signsForAws ?? Option.some(true))
      })
    ),
    Layer.succeed(
      TaskMetadata,
      TaskMetadata.of({ collect: world.task ?? Effect.succeed({ facts: noTaskFacts, warnings: [] }) })
    ),
    Layer.succeed(
      InstanceMetadata,
      InstanceMetadata.of({ collect: world.instance ?? Effect.succeed({ facts: noInstanceFacts, warnings: [] }) })
    ),
    world.files ?? NodeFileSystem.layer,
    uncheckedFrom({ ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null", ...environment })
  )

/** The bootstrap of an environment. */
export const bootstrapOf = (environment: Environment, world: World = {}) =>
  Effect.gen(function* () {
    return yield* Bootstrap
  }).pipe(Effect.provide(Layer.provide(BootstrapLive, worldOf(environment, world))))

/** The generated document. A custom bootstrap is a defect. */
export const generatedOf = (environment: Environment, world: World = {}) =>
  Effect.flatMap(bootstrapOf(environment, world), ({ admin, document, warnings }) =>
    document._tag === "Generated" ? Effect.succeed({ ...document, admin, warnings }) : Effect.die("a custom file")
  )

export const virtualNode = "arn:aws:appmesh:us-west-2:123456789012:mesh/shop/virtualNode/cart"
export const taskSet = "arn:aws:ecs:us-west-2:123456789012:task-set/MyCluster/MyService/ecs-svc/1"

export const serviceConnect: Environment = {
  APPMESH_RESOURCE_ARN: taskSet,
  APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock"
}
export const appMesh: Environment = { APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2" }
export const relay: Environment = {
  APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1",
  AWS_REGION: "us-west-2",
  APPNET_CA_BUNDLE: "/ca.pem"
}

/** The messages of the problems for which an environment makes no bootstrap. */
export const problemsOf = (environment: Environment, world: World = {}) =>
  Effect.flip(bootstrapOf(environment, world)).pipe(
    Effect.map(({ problems }) => problems.map(({ message }) => message))
  )

/** Stock Envoy cannot sign AWS requests, so App Mesh mode has a local relay. */
export const stockEnvoy: World = { signsForAws: Option.some(false) }

export const appMeshWithRoots: Environment = { ...appMesh, APPNET_CA_BUNDLE: "/ca.pem" }

/** The generated bootstrap of the local relay. */
export const localRelayOf = (environment: Environment) =>
  Effect.flatMap(bootstrapOf({ ...appMeshWithRoots, ...environment }, stockEnvoy), ({ localRelay }) =>
    localRelay?.document._tag === "Generated"
      ? Effect.succeed({ ...localRelay, value: localRelay.document.value })
      : Effect.die("no local relay")
  )

/** A temporary folder with these files, by name and content. */
export const withFiles = (files: Environment) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(`${tmpdir()}/appnet-bootstrap-`)
      for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

/** A file system that has these files, and no writable folder but /tmp. */
export const readOnlyFiles = (...paths: ReadonlyArray<string>) =>
  FileSystem.layerNoop({
    exists: (path) => Effect.succeed(paths.includes(path)),
    access: (path) =>
      path === "/tmp/."
        ? Effect.void
        : Effect.fail(
            PlatformError.systemError({
              _tag: "PermissionDenied",
              module: "FileSystem",
              method: "access",
              pathOrDescriptor: path
            })
          )
  })

/** The values of all fields with a name, at any depth. */
export const fieldsNamed = (json: Json, name: string): ReadonlyArray<Json> => {
  if (typeof json !== "object" || json === null) return []
  if (Array.isArray(json)) return json.flatMap((item: Json) => fieldsNamed(item, name))
  return Object.entries(json).flatMap(([key, value]) => [...(key === name ? [value] : []), ...fieldsNamed(value, name)])
}

/** The first of them. */
export const fieldNamed = (json: Json, name: string): Json | undefined => fieldsNamed(json, name)[0]

const maybe = <const A extends ReadonlyArray<string>>(...values: A) => Schema.optionalKey(Schema.Literals(values))
const truth = maybe("1", "0", "true", "F")
const odd = 'it\'s "odd": #1 - {a: [b]} \u00fc\u{1f600}\\'

/** Mixes of settings of which each is valid by itself. */
export const RightSettings = Schema.Struct({
  APPMESH_RESOURCE_ARN: Schema.Literals([
    virtualNode,
    taskSet,
    "mesh/m/virtualGateway/g",
    `mesh/${odd}/virtualNode/yes`
  ]),
  APPMESH_XDS_ENDPOINT: Schema.Literals(["unix:///tmp/xds.sock", "xds.example.com:18000", "[::1]:18000"]),
  APPNET_XDS_MODE: maybe("grpc", "TLS"),
  AWS_REGION: Schema.Literals(["us-west-2", "cn-north-1", "us-iso-east-1"]),
  APPMESH_RESOURCE_CLUSTER: maybe("cart", "0123", odd, "null", "1e3", "~"),
  APPMESH_SIGNING_NAME: maybe("appmesh-gamma"),
  APPMESH_PREVIEW: truth,
  APPMESH_DUALSTACK_ENDPOINT: truth,
  APPMESH_SDS_SOCKET_PATH: maybe("/run/spire/agent.sock", "unix:///run/a b.sock"),
  APPMESH_SET_TRACING_DECISION: truth,
  APPMESH_METRIC_EXTENSION_VERSION: maybe("0", "1"),
  ENABLE_ENVOY_STATS_TAGS: truth,
  ENVOY_STATS_FLUSH_INTERVAL: maybe("5s", "1m30s", "1ms", "250ms", "1.5s"),
  ENABLE_ENVOY_DOG_STATSD: truth,
  STATSD_ADDRESS: maybe("10.0.0.5", "::1"),
  STATSD_PORT: maybe("9125", "65535"),
  STATSD_SOCKET_PATH: maybe("/var/run/datadog/dsd.socket"),
  ENABLE_ENVOY_XRAY_TRACING: truth,
  AWS_XRAY_DAEMON_ADDRESS: maybe("10.2.3.4", "10.2.3.4:2345", "[::1]:2001", "tcp:10.0.0.1:1 udp:10.0.0.2:2"),
  XRAY_DAEMON_PORT: maybe("3000"),
  XRAY_SAMPLING_RATE: maybe("0.05", "0", "1", "0.256"),
  XRAY_SEGMENT_NAME: maybe(odd),
  ENABLE_ENVOY_DATADOG_TRACING: truth,
  DATADOG_TRACER_ADDRESS: maybe("10.0.0.9", "datadog.local"),
  DD_SERVICE: maybe("on", odd),
  ENABLE_ENVOY_JAEGER_TRACING: truth,
  JAEGER_TRACER_VERSION: maybe("JSON", "proto"),
  ENVOY_ADMIN_MODE: maybe("tcp", "uds"),
  ENVOY_ADMIN_ACCESS_ENABLE_IPV6: truth,
  ENVOY_ADMIN_ACCESS_PORT: maybe("9999"),
  APPNET_ENVOY_ADMIN_ADDRESS: maybe("127.0.0.1", "::1", "::"),
  ENVOY_INITIAL_FETCH_TIMEOUT: maybe("0", "10", "4294967295"),
  ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: truth,
  ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: truth,
  ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS: truth,
  MAX_REQUESTS_PER_IO_CYCLE: maybe("1", "4294967295"),
  APPNET_RUNTIME_GUARDS: maybe("auto", "all"),
  APPNET_FIPS_MODE_ENABLED: truth,
  APPNET_CONTAINER_IP_MAPPING: maybe('{"app":"172.17.0.3"}', "{app}", '{"__proto__":"x"}'),
  APPNET_LISTENER_PORT_MAPPING: maybe('{"egress":41003}'),
  NAMESPACE_NAME: maybe("shop", odd),
  ECS_CONTAINER_INSTANCE_ARN: maybe("arn:aws:ecs:us-west-2:1:container-instance/c/1"),
  AWS_EXECUTION_ENV: maybe("AWS_ECS_FARGATE", "AWS_Lambda_nodejs"),
  APPNET_NODE_ID: maybe(odd, "42"),
  APPNET_XDS_SNI: maybe("xds.internal")
})

/** Values that the setting of that name rejects. */
export const WrongSettings = Schema.Struct({
  ENVOY_ADMIN_ACCESS_PORT: maybe("0", "70000", "abc"),
  XRAY_SAMPLING_RATE: maybe("1.5", "-1", "half"),
  AWS_XRAY_DAEMON_ADDRESS: maybe("xray-daemon:2000"),
  ENVOY_STATS_FLUSH_INTERVAL: maybe("10", "5 s", "6m"),
  ENVOY_INITIAL_FETCH_TIMEOUT: maybe("5s"),
  JAEGER_TRACER_VERSION: maybe("thrift"),
  APPMESH_RESOURCE_ARN: maybe("shop/cart", "mesh//virtualNode/x"),
  APPNET_XDS_MODE: maybe("http"),
  APPNET_RUNTIME_GUARDS: maybe("none"),
  ENABLE_ENVOY_DOG_STATSD: maybe("yes")
})
