import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionDiagnosisLive } from "../../src/layers/ConnectionDiagnosisLive.ts"
import { causeOf, refusalOf } from "../../src/layers/health/connectionCause.ts"
import type { ManagementServerAddress } from "../../src/services/Bootstrap.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../src/services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../src/services/HealthMonitor.ts"

const cutOff: Health = {
  status: "UNHEALTHY",
  reason: "Envoy is PRE_INITIALIZING",
  envoyState: "PRE_INITIALIZING",
  connection: { _tag: "Disconnected", since: 0 },
  initialConfig: "UNDECIDED",
  initialized: false
}
const draining: Health = { ...cutOff, envoyState: "DRAINING" }
const connected: Health = { ...cutOff, connection: { _tag: "Connected" } }

const watched = Effect.fnUntraced(function* (first: Health) {
  const health = yield* SubscriptionRef.make<Health>(first)
  const world: { cause: string | undefined; asked: number } = { cause: "nothing listens", asked: 0 }
  const lines: Array<string> = []
  const context = yield* Layer.build(
    ConnectionDiagnosisLive.pipe(
      Layer.provide(Layer.succeed(HealthMonitor, HealthMonitor.of({ health }))),
      Layer.provide(
        Layer.succeed(
          ManagementServerProbe,
          ManagementServerProbe.of({
            diagnose: Effect.sync(() => {
              world.asked += 1
              return Option.fromUndefinedOr(world.cause)
            })
          })
        )
      ),
      Layer.provideMerge(Logger.layer([Logger.make<unknown, void>(({ message }) => void lines.push(`${message}`))]))
    )
  )
  const { problem } = yield* Effect.provideContext(ConnectionDiagnosis, context)
  yield* TestClock.adjust(0)
  return { health, world, lines, problem: SubscriptionRef.get(problem) }
})

describe("ConnectionDiagnosis", () => {
  it.effect("asks 1 s after the connection is gone, then every 11 s, and logs each cause once", () =>
    Effect.gen(function* () {
      const { lines, problem, world } = yield* watched(cutOff)
      yield* TestClock.adjust(999)
      assert.strictEqual(world.asked, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* problem, Option.some("nothing listens"))
      yield* TestClock.adjust("22 seconds")
      assert.strictEqual(world.asked, 3)
      assert.deepStrictEqual(lines, ["nothing listens"])
      world.cause = "its certificate has expired"
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(lines, ["nothing listens", "its certificate has expired"])
    })
  )

  it.effect("asks nothing while there is a connection, or Envoy is being drained", () =>
    Effect.gen(function* () {
      const { health, problem, world } = yield* watched(connected)
      yield* TestClock.adjust("1 minute")
      yield* SubscriptionRef.set(health, draining)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.asked, 0)
      yield* SubscriptionRef.set(health, cutOff)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.asked, 1)
      assert.isTrue(Option.isSome(yield* problem))
    })
  )

  it.effect("leaves a start alone that connects within the second", () =>
    Effect.gen(function* () {
      const { health, lines, world } = yield* watched(cutOff)
      yield* TestClock.adjust(500)
      yield* SubscriptionRef.set(health, connected)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([world.asked, lines], [0, []])
    })
  )
})

describe("the cause", () => {
  const tls = { caBundle: "/ca.pem", certificate: undefined, key: undefined, token: undefined, serverName: "xds" }
  const server: ManagementServerAddress = {
    _tag: "Tcp",
    host: "::1",
    port: 443,
    tls,
    streams: true,
    namedBy: ["APPMESH_XDS_ENDPOINT"],
    relaysTo: undefined
  }
  const of = (code: string, at: ManagementServerAddress = server) => causeOf(at, { code, message: "as Node says" })

  it("says where, what and what to check", () => {
    assert.strictEqual(
      of("ENOENT", { ...server, _tag: "Unix", path: "/tmp/xds.sock" }),
      "management server unix:///tmp/xds.sock: the socket does not exist: check that the relay runs, and APPMESH_XDS_ENDPOINT"
    )
    assert.match(of("TIMEOUT"), /^management server \[::1\]:443: the connection takes too long: check routes/)
    assert.match(of("ENOTFOUND"), /DNS does not know the name/)
    assert.match(of("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), /asks for a client certificate/)
    const mutual = { ...server, tls: { ...tls, certificate: "/cert.pem" } }
    assert.match(of("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", mutual), /does not take the client certificate \/cert\.pem/)
    assert.strictEqual(of("EWHATEVER"), "management server [::1]:443: as Node says (EWHATEVER)")
  })

  it("knows a refused stream from one that was taken", () => {
    assert.strictEqual(refusalOf(server, 200, undefined, ""), undefined)
    assert.strictEqual(refusalOf(server, 200, "0", ""), undefined)
    assert.match(`${refusalOf(server, 404, undefined, "")}`, /HTTP status 404: is it a gRPC server\?/)
    assert.match(`${refusalOf(server, 200, "12", "")}`, /UNIMPLEMENTED: it serves no aggregated discovery/)
    assert.match(`${refusalOf(server, 200, "7", "no")}`, /PERMISSION_DENIED: no: check whether it needs a token/)
    assert.match(`${refusalOf(server, 200, "99", "odd")}`, /gRPC status 99: odd$/)
  })
})
