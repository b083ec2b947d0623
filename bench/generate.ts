// Prints how many milliseconds the first bootstrap takes in a new process, after its modules are loaded and its settings are
// decoded. Stand-ins for Envoy and the metadata endpoints answer at once.
import { Context, Effect, Layer } from "effect"
import { BootstrapLive } from "../src/layers/bootstrap/BootstrapLive.ts"
import { Bootstrap } from "../src/services/Bootstrap.ts"
import { taskSet, worldOf } from "../test/layers/bootstrap/harness.ts"

const environment = {
  APPMESH_RESOURCE_ARN: taskSet,
  APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock",
  APPMESH_METRIC_EXTENSION_VERSION: "1",
  ENABLE_ENVOY_JAEGER_TRACING: "1",
  ENABLE_ENVOY_DOG_STATSD: "1",
  APPNET_LISTENER_PORT_MAPPING: '{"egress":41003}'
}

const generate = Effect.gen(function* () {
  const world = yield* Layer.build(worldOf(environment))
  const began = performance.now()
  const built = yield* Effect.provideContext(Layer.build(BootstrapLive), world)
  const { document } = Context.get(built, Bootstrap)
  JSON.stringify(document, undefined, 2)
  return performance.now() - began
})

console.log((await Effect.runPromise(Effect.scoped(generate))).toFixed(2))
