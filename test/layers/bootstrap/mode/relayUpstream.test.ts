import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { ecdhCurves, serviceConnectHost } from "../../../../src/layers/bootstrap/mode/regionEndpoints.ts"
import { shows } from "../../../shows.ts"
import {
  bootstrapOf,
  type Environment,
  envoy140,
  fieldNamed,
  fieldsNamed,
  generatedOf,
  relay,
  virtualNode
} from "../harness.ts"

const messageOf = (environment: Environment) =>
  Effect.map(Effect.flip(bootstrapOf(environment)), (error) => error.message)

describe("relay mode", () => {
  it.effect("needs no resource, and has its admin on the unix socket whatever ENVOY_ADMIN_MODE says", () =>
    Effect.gen(function* () {
      shows("APPNET_ENABLE_RELAY_MODE_FOR_XDS", "APPNET_ENVOY_ADMIN_UDS_PATH", "relay-admin")
      const { admin, localRelay, managementServer } = yield* bootstrapOf({
        ...relay,
        APPNET_ENABLE_RELAY_MODE_FOR_XDS: "true",
        ENVOY_ADMIN_MODE: "tcp",
        APPNET_ENVOY_ADMIN_UDS_PATH: "/run/admin.sock"
      })
      assert.deepStrictEqual(admin, { _tag: "Unix", path: "/run/admin.sock" })
      assert.isUndefined(localRelay)
      assert.strictEqual(managementServer?._tag === "Unix" && managementServer.path, "/tmp/relay_xds.sock")
      const behind = managementServer?.relaysTo
      assert.deepStrictEqual(behind?._tag === "Tcp" && [behind.host, behind.port], ["ecs-sc.us-west-2.api.aws", 443])
    })
  )

  it.effect("forwards to the domain name, else to the endpoint, else to the region's server", () =>
    Effect.gen(function* () {
      shows("APPNET_MANAGEMENT_DOMAIN_NAME", "APPNET_MANAGEMENT_PORT", "relay-server")
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string, number]> = [
        [{}, "ecs-sc.us-west-2.api.aws", 443],
        [{ APPNET_MANAGEMENT_PORT: "8443" }, "ecs-sc.us-west-2.api.aws", 8443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com" }, "sc.example.com", 443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com:9443" }, "sc.example.com", 9443],
        [{ APPMESH_XDS_ENDPOINT: "https://sc.example.com:9443/" }, "sc.example.com", 9443],
        [{ APPMESH_XDS_ENDPOINT: "sc.example.com:9443", APPNET_MANAGEMENT_PORT: "8443" }, "sc.example.com", 8443],
        [{ APPMESH_XDS_ENDPOINT: "a:1", APPNET_MANAGEMENT_DOMAIN_NAME: "b.example.com" }, "b.example.com", 443],
        [{ AWS_REGION: "cn-north-1" }, "ecs-sc.cn-north-1.api.amazonwebservices.com.cn", 443]
      ]
      for (const [environment, host, port] of cases) {
        const { value } = yield* generatedOf({ ...relay, ...environment })
        assert.deepStrictEqual(fieldsNamed(value, "socket_address"), [{ address: host, port_value: port }])
        assert.deepStrictEqual([fieldNamed(value, "sni"), fieldNamed(value, "host_rewrite")], [host, host])
      }
    })
  )

  it.effect("names every invalid setting", () =>
    Effect.gen(function* () {
      shows("relay-unix-endpoint")
      assert.match(
        yield* messageOf({ ...relay, APPMESH_XDS_ENDPOINT: "unix:///tmp/x.sock" }),
        /^APPMESH_XDS_ENDPOINT=unix:\/\/\/tmp\/x.sock is not a management server.*APPNET_RELAY_LISTENER_UDS_PATH$/
      )
      const ignored = { APPMESH_XDS_ENDPOINT: "unix:///tmp/x.sock", APPNET_MANAGEMENT_DOMAIN_NAME: "sc.example.com" }
      assert.match(yield* messageOf({ ...relay, ...ignored }), /^APPMESH_XDS_ENDPOINT=unix/)
      const both = yield* messageOf({ ...relay, APPNET_MANAGEMENT_DOMAIN_NAME: "sc.example.com:443", AWS_REGION: "x" })
      assert.match(
        both,
        /^APPNET_MANAGEMENT_DOMAIN_NAME=sc.example.com:443 is not a host name.*APPNET_MANAGEMENT_PORT$/m
      )
      assert.match(both, /^AWS_REGION=x is not a region/m)
      assert.match(yield* messageOf({ ...relay, AWS_REGION: "us-gov-east-1" }), /FIPS/)
      assert.match(yield* messageOf({ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }), /^AWS_REGION is not set/)
    })
  )

  it.effect("uses the FIPS endpoint for a FIPS Envoy, and offers the curves of the partition", () =>
    Effect.gen(function* () {
      const fips = { version: Option.some({ ...envoy140, fips: true }) }
      const { value } = yield* generatedOf({ ...relay, AWS_REGION: "us-gov-east-1" }, fips)
      assert.strictEqual(fieldNamed(value, "sni"), "ecs-sc-fips.us-gov-east-1.api.aws")
      assert.deepStrictEqual(fieldNamed(value, "ecdh_curves"), ["P-256"])
      assert.strictEqual(serviceConnectHost("eu-west-1", true), "ecs-sc.eu-west-1.api.aws")
      assert.strictEqual(serviceConnectHost("ca-central-1", true), "ecs-sc-fips.ca-central-1.api.aws")
      shows("relay-curves", "fips-regions")
      for (const region of ["us-iso-east-1", "us-isob-east-1"]) {
        assert.deepStrictEqual(ecdhCurves(region), ["P-384", "P-256"])
        assert.match(yield* messageOf({ ...relay, AWS_REGION: region }), /FIPS/)
      }
      for (const region of ["us-isof-south-1", "eu-isoe-west-1"]) {
        const made = yield* generatedOf({ ...relay, AWS_REGION: region }, fips)
        assert.deepStrictEqual(fieldNamed(made.value, "ecdh_curves"), ["P-384"])
      }
      const custom = yield* generatedOf({ ...relay, AWS_REGION: "us-gov-east-1", APPNET_MANAGEMENT_DOMAIN_NAME: "x" })
      assert.strictEqual(fieldNamed(custom.value, "sni"), "x")
    })
  )

  it.effect("warns about a socket that Envoy cannot create", () =>
    Effect.gen(function* () {
      shows("socket-folder-missing", "APPNET_RELAY_LISTENER_UDS_PATH")
      const named = (warnings: ReadonlyArray<string>) => warnings.map((warning) => warning.split("=")[0])
      const wrong = {
        APPNET_RELAY_LISTENER_UDS_PATH: "/nonexistent/a.sock",
        APPNET_ENVOY_ADMIN_UDS_PATH: "/none/b.sock"
      }
      const { warnings } = yield* bootstrapOf({ ...relay, APPNET_CA_BUNDLE: "/dev/null", ...wrong })
      assert.deepStrictEqual(named(warnings), ["APPNET_RELAY_LISTENER_UDS_PATH", "APPNET_ENVOY_ADMIN_UDS_PATH"])
      assert.match(`${warnings[0]}`, /: Envoy cannot create this socket: \/nonexistent does not exist$/)
      const fine = yield* bootstrapOf({ ...relay, APPNET_CA_BUNDLE: "/dev/null" })
      assert.deepStrictEqual(fine.warnings, [])
    })
  )

  it.effect("warns about settings that a relay ignores, and reads none of their files", () =>
    Effect.gen(function* () {
      const { warnings } = yield* bootstrapOf({
        ...relay,
        APPMESH_RESOURCE_ARN: virtualNode,
        ENVOY_RESOURCES_CONFIG_FILE: "/nonexistent.yaml",
        ENABLE_ENVOY_XRAY_TRACING: "1",
        ENABLE_ENVOY_JAEGER_TRACING: "1",
        APPNET_LOCAL_RELAY_ADMIN_PORT: "1"
      })
      const named = warnings.flatMap((warning) => /^(\w+) has no effect in relay mode/.exec(warning)?.[1] ?? [])
      assert.deepStrictEqual(named, [
        "APPMESH_RESOURCE_ARN",
        "ENVOY_RESOURCES_CONFIG_FILE",
        "ENABLE_ENVOY_XRAY_TRACING",
        "ENABLE_ENVOY_JAEGER_TRACING",
        "APPNET_LOCAL_RELAY_ADMIN_PORT"
      ])
    })
  )
})
