import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, SubscriptionRef } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { ManagementRoutes, routerConfig } from "../../../src/layers/management/routes.ts"
import { ConnectionDiagnosis } from "../../../src/services/ConnectionDiagnosis.ts"
import { EnvoyProcess, type EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { type Health, HealthMonitor } from "../../../src/services/HealthMonitor.ts"

const healthy: Health = {
  status: "HEALTHY",
  reason: "Envoy is LIVE",
  envoyState: "LIVE",
  connection: { _tag: "Connected" },
  initialConfig: "UPDATE_SUCCESSFUL",
  initialized: true
}

/** The API in memory, on an Envoy in this state. */
const serving = Effect.fnUntraced(function* (
  health: Health = healthy,
  state: EnvoyState = { _tag: "Running", epoch: 3, pid: 77, since: 0 }
) {
  const monitor = HealthMonitor.of({ health: yield* SubscriptionRef.make(health) })
  const envoy = EnvoyProcess.of({
    state: yield* SubscriptionRef.make(state),
    sample: Effect.succeed(Option.none()),
    supervise: Effect.never,
    beginDraining: Effect.void,
    stop: Effect.void
  })
  const diagnosis = ConnectionDiagnosis.of({ problem: yield* SubscriptionRef.make(Option.some("nothing listens")) })
  const { dispose, handler } = HttpRouter.toWebHandler(
    ManagementRoutes.pipe(
      Layer.provide(Layer.succeed(HealthMonitor, monitor)),
      Layer.provide(Layer.succeed(EnvoyProcess, envoy)),
      Layer.provide(Layer.succeed(ConnectionDiagnosis, diagnosis))
    ),
    { disableLogger: true, routerConfig }
  )
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  return (path: string, init: RequestInit = {}) =>
    Effect.promise(() => handler(new Request(`http://agent${path}`, init))).pipe(
      Effect.flatMap((response) =>
        Effect.map(
          Effect.promise(() => response.text()),
          (body) => ({ status: response.status, headers: response.headers, body })
        )
      )
    )
})

describe("the management API", () => {
  it.effect("answers /status in JSON", () =>
    Effect.gen(function* () {
      const ask = yield* serving()
      const { body, headers, status } = yield* ask("/status")
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("content-type"), "application/json")
      assert.deepInclude(JSON.parse(body), { healthStatus: "HEALTHY", envoyPid: "77", envoyRestartCount: "3" })
    })
  )

  it.effect("says in /status why there is no connection, for as long as there is none", () =>
    Effect.gen(function* () {
      const fine = yield* serving()
      assert.notProperty(JSON.parse((yield* fine("/status")).body), "managementServerProblem")
      const cutOff = yield* serving({ ...healthy, connection: { _tag: "Disconnected", since: 0 } })
      assert.deepInclude(JSON.parse((yield* cutOff("/status")).body), {
        managementServerConnectionStatus: "NOT_CONNECTED",
        managementServerDisconnectedTimestamp: "1970-01-01T00:00:00Z",
        managementServerProblem: "nothing listens"
      })
    })
  )

  it.effect("answers /ready by health and /live always", () =>
    Effect.gen(function* () {
      const well = yield* serving()
      assert.strictEqual((yield* well("/ready")).status, 200)
      const ill = yield* serving({ ...healthy, status: "UNHEALTHY", reason: "Envoy is PRE_INITIALIZING" })
      const ready = yield* ill("/ready")
      assert.strictEqual(ready.status, 503)
      assert.strictEqual(ready.body, "UNHEALTHY: Envoy is PRE_INITIALIZING\n")
      assert.strictEqual((yield* ill("/live")).status, 200)
    })
  )

  it.effect("answers HEAD where GET goes, and any other method with 405 and what is allowed", () =>
    Effect.gen(function* () {
      const ask = yield* serving()
      assert.strictEqual((yield* ask("/status", { method: "HEAD" })).status, 200)
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const { headers, status } = yield* ask("/status", { method })
        assert.strictEqual(status, 405, method)
        assert.strictEqual(headers.get("allow"), "GET, HEAD")
      }
    })
  )

  it.effect("answers an unknown path with 404, whatever the method", () =>
    Effect.gen(function* () {
      const ask = yield* serving()
      for (const path of ["/", "/statuses", "/status/more", "/STATUS", "/ready/", "//ready"]) {
        assert.strictEqual((yield* ask(path)).status, 404, path)
      }
      const { body, status } = yield* ask("/nothing?secret=1", { method: "POST" })
      assert.strictEqual(status, 404)
      assert.strictEqual(body, "there is nothing at /nothing\n")
    })
  )

  it.effect("answers a body where none belongs with 400", () =>
    Effect.gen(function* () {
      const ask = yield* serving()
      const { body, status } = yield* ask("/status", { method: "HEAD", headers: { "content-length": "3" } })
      assert.strictEqual(status, 400)
      assert.notInclude(body, "undefined")
      assert.strictEqual((yield* ask("/live", { headers: { "content-length": "0" } })).status, 200)
    })
  )
})
