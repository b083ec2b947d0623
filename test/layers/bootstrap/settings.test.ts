import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Option, PlatformError } from "effect"
import { shows } from "../../shows.ts"
import { type Environment, envoy140, generatedOf, taskSet, virtualNode } from "./harness.ts"

const serviceConnect = { APPMESH_RESOURCE_ARN: taskSet, APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock" }
const standalone = { APPNET_XDS_MODE: "tls", APPMESH_XDS_ENDPOINT: "xds.example.com:18000" }

/** A file system that has these files and no writable folder. */
const readOnly = (...paths: ReadonlyArray<string>) =>
  FileSystem.layerNoop({
    exists: (path) => Effect.succeed(paths.includes(path)),
    access: (path) =>
      Effect.fail(
        PlatformError.systemError({
          _tag: "PermissionDenied",
          module: "FileSystem",
          method: "access",
          pathOrDescriptor: path
        })
      )
  })

describe("a setting of the bootstrap", () => {
  it.effect("names the node cluster by the deprecated variable where the new one is not set", () =>
    Effect.gen(function* () {
      shows("APPMESH_VIRTUAL_NODE_CLUSTER", "APPMESH_RESOURCE_CLUSTER")
      const clusterOf = (environment: Environment) =>
        Effect.map(
          generatedOf({ APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2", ...environment }),
          ({ value }) => Reflect.get(Object(value.node), "cluster")
        )
      assert.strictEqual(yield* clusterOf({}), virtualNode)
      assert.strictEqual(yield* clusterOf({ APPMESH_VIRTUAL_NODE_CLUSTER: "old" }), "old")
      const both = { APPMESH_VIRTUAL_NODE_CLUSTER: "old", APPMESH_RESOURCE_CLUSTER: "new" }
      assert.strictEqual(yield* clusterOf(both), "new")
    })
  )

  const tracing = "envoy.reloadable_features.http_set_tracing_decision_in_request_id"
  const lookup = "envoy.reloadable_features.no_extension_lookup_by_name"
  const fetching = "envoy.reloadable_features.use_http_client_to_fetch_aws_credentials"
  const pool = "envoy.reloadable_features.tcp_pool_idle_timeout"
  const documented = [tracing, lookup, fetching, pool]
  const version = (minor: number) => Option.some({ ...envoy140, minor })

  /** The documented flags that are written, and the warnings about the others. */
  const flags = (environment: Environment, of = version(40)) =>
    Effect.map(generatedOf({ ...serviceConnect, ...environment }, { version: of }), ({ value, warnings }) => {
      const text = JSON.stringify(value.layeredRuntime)
      const written = documented.flatMap((name) => {
        const [, found] = new RegExp(`"${name}":(true|false)`).exec(text) ?? []
        return found === undefined ? [] : [`${name}=${found}`]
      })
      return { written, warnings }
    })

  it.effect("writes the flag of TCP pools only to turn it off", () =>
    Effect.gen(function* () {
      shows("ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT")
      const written = (environment: Environment) =>
        Effect.map(flags(environment, version(26)), (made) => made.written.filter((flag) => flag.startsWith(pool)))
      assert.deepStrictEqual(yield* written({}), [])
      assert.deepStrictEqual(yield* written({ ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "true" }), [])
      assert.deepStrictEqual(yield* written({ ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "false" }), [`${pool}=false`])
    })
  )

  it.effect("omits the runtime flags that this Envoy has removed, with a warning where they were set", () =>
    Effect.gen(function* () {
      shows("APPNET_RUNTIME_GUARDS", "guards-auto", "guards-all")
      assert.deepStrictEqual(yield* flags({}), { written: [], warnings: [] })
      const asked = { ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: "true", ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "0" }
      assert.deepStrictEqual(yield* flags(asked), {
        written: [],
        warnings: [
          `ENVOY_NO_EXTENSION_LOOKUP_BY_NAME has no effect: Envoy removed the runtime guard ${lookup} in 1.39`,
          `ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT has no effect: Envoy removed the runtime guard ${pool} in 1.27`
        ]
      })
      const known = [`${tracing}=true`, `${lookup}=true`, `${fetching}=false`]
      assert.deepStrictEqual(yield* flags({}, version(34)), { written: known.slice(1), warnings: [] })
      for (const of of [version(19), Option.none()]) {
        assert.deepStrictEqual(yield* flags({}, of), { written: known, warnings: [] })
      }
      assert.deepStrictEqual(yield* flags({ ...asked, APPNET_RUNTIME_GUARDS: "all" }), {
        written: [...known, `${pool}=false`],
        warnings: []
      })
    })
  )

  it.effect("moves the admin's access log to /tmp where the default folder is read-only, with a warning", () =>
    Effect.gen(function* () {
      shows("ENVOY_ADMIN_ACCESS_LOG_FILE", "admin-log-fallback")
      const logOf = (path: string) =>
        Effect.map(
          generatedOf({ ...serviceConnect, ENVOY_ADMIN_ACCESS_LOG_FILE: path }, { files: readOnly() }),
          ({ value, warnings }) => [/"path":"([^"]+)"/.exec(JSON.stringify(value.admin))?.[1], warnings]
        )
      assert.deepStrictEqual(yield* logOf(""), [
        "/tmp/envoy_admin_access.log",
        [
          "/var/log cannot be written: Envoy's admin access log is /tmp/envoy_admin_access.log (ENVOY_ADMIN_ACCESS_LOG_FILE)"
        ]
      ])
      assert.deepStrictEqual(yield* logOf("/logs/admin.log"), ["/logs/admin.log", []])
    })
  )

  it.effect("uses the trusted roots that are set, else the first bundle of a distribution that exists", () =>
    Effect.gen(function* () {
      shows("APPNET_CA_BUNDLE", "ca-bundle-order")
      const usual = ["/etc/pki/tls/cert.pem", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"]
      const rootsOn = (paths: ReadonlyArray<string>, environment: Environment = {}) =>
        Effect.map(
          generatedOf({ ...standalone, ...environment }, { files: readOnly(...paths) }),
          ({ value, warnings }) => ({
            path: /"rootCerts":\{"filename":"([^"]+)"/.exec(JSON.stringify(value))?.[1],
            warnings
          })
        )
      for (const [i, path] of usual.entries()) {
        assert.deepStrictEqual(yield* rootsOn(usual.slice(i)), { path, warnings: [] })
      }
      assert.deepStrictEqual(yield* rootsOn([]), {
        path: usual[0],
        warnings: [`${usual[0]} does not exist: set APPNET_CA_BUNDLE to a file with the trusted roots`]
      })
      assert.deepStrictEqual(yield* rootsOn([...usual, "/my.pem"], { APPNET_CA_BUNDLE: "/my.pem" }), {
        path: "/my.pem",
        warnings: []
      })
    })
  )

  it.effect("reads the UDP address of the X-Ray daemon from every form", () =>
    Effect.gen(function* () {
      shows("AWS_XRAY_DAEMON_ADDRESS", "XRAY_DAEMON_PORT")
      const forms: ReadonlyArray<readonly [text: string, address: string, port: number]> = [
        ["", "127.0.0.1", 3000],
        ["10.0.0.1", "10.0.0.1", 3000],
        ["10.0.0.1:2001", "10.0.0.1", 2001],
        ["[fd00::1]:2001", "fd00::1", 2001],
        ["tcp:10.0.0.1:2001 udp:10.0.0.2:2002", "10.0.0.2", 2002],
        ["udp:[::1]:2002 tcp:10.0.0.1:2001", "::1", 2002]
      ]
      for (const [text, address, portValue] of forms) {
        const environment = { ...serviceConnect, ENABLE_ENVOY_XRAY_TRACING: "1", XRAY_DAEMON_PORT: "3000" }
        const { value } = yield* generatedOf({ ...environment, AWS_XRAY_DAEMON_ADDRESS: text })
        const expected = JSON.stringify({ address, portValue, protocol: "UDP" })
        assert.include(JSON.stringify(value.tracing), `"daemonEndpoint":${expected}`, text)
      }
    })
  )
})
