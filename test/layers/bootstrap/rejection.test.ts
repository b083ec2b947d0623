import { assert, describe, it } from "@effect/vitest"
import { readRejection } from "../../../src/layers/bootstrap/rejection.ts"
import type { JsonObject, PartSource } from "../../../src/services/Bootstrap.ts"

const head = "[2026-01-31 12:00:00.123][7][critical][main] [source/server/config_validation/server.cc:76] "
const said = (words: string) => `${head}error initializing configuration '/tmp/b.json': ${words}\n`

const value: JsonObject = {
  staticResources: { clusters: [{ name: "local_cluster" }, { nme: "a" }] },
  statsSinks: [{ typedConfig: { address: { socketAddress: { address: "statsd.local" } } } }]
}
const sources: ReadonlyArray<PartSource> = [
  { path: ["staticResources", "clusters", 1], variables: ["ENVOY_RESOURCES_CONFIG_FILE"] },
  { path: ["statsSinks", 0], variables: ["ENABLE_ENVOY_DOG_STATSD"] },
  { path: ["statsSinks", 0, "typedConfig", "address", "socketAddress", "address"], variables: ["STATSD_ADDRESS"] },
  { path: ["admin", "address", "socketAddress", "portValue"], variables: ["ENVOY_ADMIN_ACCESS_PORT"] }
]
const read = (words: string) => readRejection(said(words), value, sources)

describe("readRejection", () => {
  it("finds an unknown field, and the file that it comes from", () => {
    const words =
      "Protobuf message (type envoy.config.bootstrap.v3.Bootstrap reason INVALID_ARGUMENT: invalid JSON in  envoy.config.bootstrap.v3.Bootstrap @ static_resources.clusters[1]:   message envoy.config.cluster.v3.Cluster, near 1:41 (offset 40): no such  field: 'nme') has unknown fields"
    assert.deepStrictEqual(read(words), {
      reason: "no such field: 'nme'",
      path: "staticResources.clusters[1].nme",
      variables: ["ENVOY_RESOURCES_CONFIG_FILE"]
    })
  })

  it("omits the bootstrap that Envoy repeats in its message", () => {
    const words =
      'Unable to parse JSON as proto (INVALID_ARGUMENT: invalid JSON in  envoy.config.bootstrap.v3.Bootstrap  @ static_resources.clusters[0].connect_timeout: message google.protobuf.Duration,   near 1:777 (offset  776): duration must end with a   single \'s\'): {"node":{"id":"(a): {b}"}}'
    assert.deepStrictEqual(read(words), {
      reason: "duration must end with a single 's'",
      path: "staticResources.clusters[0].connectTimeout",
      variables: []
    })
  })

  it("follows a chain of constraint errors to the field", () => {
    const words =
      'goo.gle/debugproto   \nadmin {\n  address: "x"\n}\n: Proto constraint validation failed (BootstrapValidationError.Admin: embedded message failed validation | caused by AdminValidationError.Address: embedded message failed validation | caused by AddressValidationError.SocketAddress: embedded message failed validation | caused by SocketAddressValidationError.PortValue: value must be less than or equal to 65535)'
    assert.deepStrictEqual(read(words), {
      reason: "value must be less than or equal to 65535",
      path: "admin.address.socketAddress.portValue",
      variables: ["ENVOY_ADMIN_ACCESS_PORT"]
    })
  })

  it("finds the field by the value that Envoy names", () => {
    assert.deepStrictEqual(read("malformed IP address: statsd.local. Consider setting resolver_name"), {
      reason: "malformed IP address: statsd.local. Consider setting resolver_name",
      path: "statsSinks[0].typedConfig.address.socketAddress.address",
      variables: ["STATSD_ADDRESS"]
    })
  })

  it("keeps a message that names no field, and output without a log line", () => {
    assert.deepStrictEqual(read("something else"), { reason: "something else", path: undefined, variables: [] })
    assert.deepStrictEqual(readRejection("Segmentation\nfault\n", value, sources), {
      reason: "Segmentation fault",
      path: undefined,
      variables: []
    })
  })
})
