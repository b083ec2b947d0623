import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, References } from "effect"
import { bootstrapOf, type Environment, taskSet, virtualNode, type World } from "./harness.ts"

/** The debug lines of a bootstrap that is generated from these settings. */
const debugLines = Effect.fnUntraced(function* (environment: Environment, world: World = {}) {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Debug") lines.push(`${message}`)
  })
  yield* bootstrapOf(environment, world).pipe(
    Effect.provide(Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "Debug")))
  )
  return lines
})

describe("the debug log of a generated bootstrap", () => {
  it.effect("has the mode and why, the management server, the trusted roots and the flags that are left out", () =>
    Effect.gen(function* () {
      const lines = yield* debugLines(
        { APPMESH_RESOURCE_ARN: virtualNode, AWS_REGION: "us-west-2", APPNET_CA_BUNDLE: "/dev/null" },
        { signsForAws: Option.some(false) }
      )
      const flags = [
        "envoy.reloadable_features.http_set_tracing_decision_in_request_id",
        "envoy.reloadable_features.no_extension_lookup_by_name",
        "envoy.reloadable_features.use_http_client_to_fetch_aws_credentials"
      ]
      const endpoint = "appmesh-envoy-management.us-west-2.amazonaws.com:443"
      const variables = "APPMESH_XDS_ENDPOINT, AWS_REGION, APPMESH_PREVIEW, APPMESH_DUALSTACK_ENDPOINT"
      assert.deepStrictEqual(lines, [
        "app mesh mode: no setting chooses another mode",
        "a local relay signs: Envoy cannot sign AWS requests",
        `management server: 127.0.0.1:15003 (APPNET_LOCAL_RELAY_LISTENER_PORT), a relay to ${endpoint} (${variables})`,
        "trusted roots: /dev/null (APPNET_CA_BUNDLE is set)",
        "access log of Envoy's admin: /dev/null (ENVOY_ADMIN_ACCESS_LOG_FILE is set)",
        ...flags.map((flag) => `runtime flag ${flag} is left out: this Envoy has removed it (APPNET_RUNTIME_GUARDS)`)
      ])
    })
  )

  it.effect("says nothing of trusted roots where the bootstrap names none", () =>
    Effect.gen(function* () {
      const lines = yield* debugLines({
        APPMESH_RESOURCE_ARN: taskSet,
        APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock",
        APPNET_RUNTIME_GUARDS: "all"
      })
      assert.deepStrictEqual(lines, [
        "service connect mode: APPMESH_XDS_ENDPOINT is a unix socket",
        "no local relay: service connect mode has none",
        "management server: unix:///tmp/xds.sock (APPMESH_XDS_ENDPOINT)",
        "access log of Envoy's admin: /dev/null (ENVOY_ADMIN_ACCESS_LOG_FILE is set)"
      ])
    })
  )
})
