import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionDiagnosisLive } from "../../../src/layers/diagnosis/ConnectionDiagnosisLive.ts"
import { causeOf, refusalOf } from "../../../src/layers/diagnosis/connectionCause.ts"
import type { ManagementServerAddress } from "../../../src/services/Bootstrap.ts"
import { ConnectionDiagnosis, ManagementServerProbe } from "../../../src/services/ConnectionDiagnosis.ts"
import { type Health, HealthMonitor } from "../../../src/services/HealthMonitor.ts"
import { settings } from "../../fakes.ts"

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

const watched = Effect.fnUntraced(function* (first: Health, environment: Readonly<Record<string, string>> = {}) {
  const health = yield* SubscriptionRef.make<Health>(first)
  const world: { cause: string | undefined; asked: number } = { cause: "nothing listens", asked: 0 }
  const lines: Array<string> = []
  const context = yield* Layer.build(
    ConnectionDiagnosisLive.pipe(
      Layer.provide(Layer.succeed(HealthMonitor, HealthMonitor.of({ health }))),
      Layer.provide(settings(environment)),
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

describe("a relay's connection", () => {
  const live: Health = { ...cutOff, envoyState: "LIVE", connection: { _tag: "NotConsidered" }, initialized: true }
  const relay = { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }

  it.effect("is tried once a minute, more often while something is wrong, and told of when it works again", () =>
    Effect.gen(function* () {
      const { lines, problem, world } = yield* watched(live, relay)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* problem, Option.some("nothing listens"))
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(world.asked, 2)
      world.cause = undefined
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(lines, ["nothing listens", "the management server takes streams again"])
      assert.deepStrictEqual(yield* problem, Option.none())
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(world.asked, 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.asked, 4)
    })
  )

  it.effect("is not tried before its Envoy is LIVE", () =>
    Effect.gen(function* () {
      const { health, world } = yield* watched({ ...live, envoyState: "UNREACHABLE" }, relay)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.asked, 0)
      yield* SubscriptionRef.set(health, live)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.asked, 1)
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

  const behind: ManagementServerAddress = { ...server, streams: false, namedBy: ["AWS_REGION"] }
  const signing: ManagementServerAddress = {
    ...server,
    tls: undefined,
    host: "127.0.0.1",
    port: 15003,
    relaysTo: behind
  }
  const socket: ManagementServerAddress = { ...server, _tag: "Unix", path: "/tmp/xds.sock" }

  it("behind a relay is the server's, the relay's or the credentials'", () => {
    assert.match(
      `${refusalOf(signing, 403, undefined, "expired")}`,
      /^management server \[::1\]:443, through the relay at 127.0.0.1:15003: it refuses the stream with HTTP status 403: expired: check the AWS credentials/
    )
    assert.match(`${refusalOf(socket, 200, "16", "no")}`, /UNAUTHENTICATED: no: check the AWS credentials/)
    const unavailable = (words: string) => `${refusalOf(socket, 200, "14", words)}`
    assert.match(
      unavailable("TLS_error: CERTIFICATE_VERIFY_FAILED"),
      /does not trust the certificate: check the relay's/
    )
    assert.match(
      unavailable("no healthy upstream"),
      /finds no address: check the relay's APPNET_MANAGEMENT_DOMAIN_NAME/
    )
    assert.match(unavailable("reset reason: remote connection failure"), /cannot reach the management server: check/)
    assert.match(of("ECONNREFUSED", behind), /check the port in AWS_REGION/)
    assert.notMatch(of("ERR_SSL_WRONG_VERSION_NUMBER", behind), /APPNET_XDS_MODE/)
  })
})
