import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Result, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { HttpClientError, TransportError } from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { TestClock } from "effect/testing"
import { layerNoTransport } from "../../../src/layers/admin/AdminClientLive.ts"
import { AdminClient, AdminError } from "../../../src/services/AdminClient.ts"
import { type AdminAddress, Bootstrap } from "../../../src/services/Bootstrap.ts"
import { ExpositionSource } from "../../../src/services/ExpositionSource.ts"
import { OwnEnvoy } from "../../../src/services/OwnEnvoy.ts"
import { shows } from "../../shows.ts"

/** The answer to an attempt; it fails with the code of an error of the connection. */
type Answer = (attempt: number, path: string) => Effect.Effect<Response, string>

const text =
  (body: string, status = 200): Answer =>
  () =>
    Effect.sync(() => new Response(body, { status }))
const silence: Answer = () => Effect.never

/** An Envoy's admin that gives this answer to everything, and what it was asked. */
const adminThat = (
  answer: Answer,
  admin: AdminAddress = { _tag: "Tcp", host: "127.0.0.1", port: 9901 },
  check: OwnEnvoy["Service"]["check"] = () => Effect.void
) => {
  const asked: Array<string> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      asked.push(`${request.method} ${url.href}`)
      return answer(asked.length, `${url.pathname}${url.search}`).pipe(
        Effect.mapBoth({
          onSuccess: (response) => HttpClientResponse.fromWeb(request, response),
          onFailure: (code) => {
            const cause = Object.assign(new Error(code), { code })
            return new HttpClientError({ reason: new TransportError({ request, cause }) })
          }
        })
      )
    })
  )
  const bootstrap = Bootstrap.of({
    document: { _tag: "Generated", value: {}, sources: [], sideFiles: [] },
    usesAds: true,
    localRelay: undefined,
    managementServer: undefined,
    admin,
    warnings: []
  })
  const source = ExpositionSource.of({
    open: (path) =>
      Effect.suspend(() => {
        asked.push(`GET ${path}`)
        return Effect.map(Effect.orDie(answer(asked.length, path)), (response) => ({
          status: response.status,
          body:
            response.body === null
              ? Stream.empty
              : Stream.fromReadableStream({
                  evaluate: () => response.body ?? new ReadableStream(),
                  onError: () => new AdminError({ endpoint: path, reason: "unreachable", detail: "" })
                })
        }))
      })
  })
  const layer = layerNoTransport.pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
    Layer.provide(Layer.succeed(ExpositionSource, source)),
    Layer.provide(Layer.succeed(Bootstrap, bootstrap)),
    Layer.provide(Layer.succeed(OwnEnvoy, OwnEnvoy.of({ check })))
  )
  return { asked, layer }
}

const ask = <A, E>(
  answer: Answer,
  question: (admin: AdminClient["Service"]) => Effect.Effect<A, E>,
  address?: AdminAddress,
  check?: OwnEnvoy["Service"]["check"]
) => {
  const { asked, layer } = adminThat(answer, address, check)
  return Effect.map(Effect.result(Effect.flatMap(AdminClient, question)).pipe(Effect.provide(layer)), (result) => ({
    asked,
    result
  }))
}

const reasonOf = <A>(result: Result.Result<A, { readonly reason: string }>) =>
  Result.isFailure(result) ? result.failure.reason : "success"

describe("AdminClient", () => {
  it.effect("reads Envoy's state from /ready, whatever status it comes with", () =>
    Effect.gen(function* () {
      for (const [state, status] of [
        ["LIVE", 200],
        ["PRE_INITIALIZING", 503],
        ["INITIALIZING", 503],
        ["DRAINING", 503]
      ] as const) {
        const { asked, result } = yield* ask(text(`${state}\n`, status), (admin) => admin.ready)
        assert.deepStrictEqual(result, Result.succeed(state))
        assert.deepStrictEqual(asked, ["GET http://127.0.0.1:9901/ready"])
      }
      assert.strictEqual(reasonOf((yield* ask(text("<html>"), (admin) => admin.ready)).result), "body")
    })
  )

  it.effect("reaches an IPv6 address and a unix socket", () =>
    Effect.gen(function* () {
      const v6 = yield* ask(text("LIVE"), (admin) => admin.ready, { _tag: "Tcp", host: "::1", port: 1234 })
      assert.deepStrictEqual(v6.asked, ["GET http://[::1]:1234/ready"])
      const unix = yield* ask(text("LIVE"), (admin) => admin.ready, { _tag: "Unix", path: "/x.sock" })
      assert.deepStrictEqual(unix.asked, ["GET http://envoy/ready"])
    })
  )

  it.effect("gives a probe 2 s", () =>
    Effect.gen(function* () {
      shows("health-question")
      const fiber = yield* Effect.forkChild(ask(silence, (admin) => admin.ready))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(1999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const { asked, result } = yield* Fiber.join(fiber)
      assert.strictEqual(reasonOf(result), "timeout")
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("gives a control call 250 ms and three more tries", () =>
    Effect.gen(function* () {
      shows("bad-gateway")
      const drain = { graceful: true, skipExit: true, inboundOnly: false }
      const fiber = yield* Effect.forkChild(ask(silence, (admin) => admin.drainListeners(drain)))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(4 * 250 + 3 * 50)
      const { asked, result } = yield* Fiber.join(fiber)
      assert.strictEqual(reasonOf(result), "timeout")
      assert.deepStrictEqual([...new Set(asked)], ["POST http://127.0.0.1:9901/drain_listeners?graceful=&skip_exit="])
      assert.lengthOf(asked, 4)
    })
  )

  it.effect("reports an attempt without an answer, since it may act later, whatever became of those after it", () =>
    Effect.gen(function* () {
      shows("control-uncertain")
      const outcome = (...codes: ReadonlyArray<string | undefined>) =>
        Effect.gen(function* () {
          const answer: Answer = (attempt) => {
            const code = codes[Math.min(attempt, codes.length) - 1]
            return code === undefined ? Effect.never : Effect.fail(code)
          }
          const fiber = yield* Effect.forkChild(ask(answer, (admin) => Effect.flip(admin.setLogLevel("debug"))))
          yield* TestClock.adjust(0)
          yield* TestClock.adjust("2 seconds")
          const { result } = yield* Fiber.join(fiber)
          assert.isTrue(Result.isSuccess(result))
          return Result.isSuccess(result) ? [result.success.reason, result.success.mayHaveActed] : []
        })
      assert.deepStrictEqual(yield* outcome("ECONNREFUSED"), ["unreachable", false])
      assert.deepStrictEqual(yield* outcome(undefined, "ECONNREFUSED"), ["timeout", true])
      assert.deepStrictEqual(yield* outcome("ECONNRESET", "ECONNREFUSED"), ["unreachable", true])
      assert.deepStrictEqual(yield* outcome("ENOENT", "ENOENT", undefined, "ENOENT"), ["timeout", true])
      const refused = yield* ask(text("no", 400), (admin) => Effect.flip(admin.setLogLevel("debug")))
      assert.isTrue(Result.isSuccess(refused.result) && !refused.result.success.mayHaveActed)
    })
  )

  it.effect("counts the inbound listeners of the bootstrap and of the management server", () =>
    Effect.gen(function* () {
      const listener = (direction: string | undefined) => ({ name: "a", traffic_direction: direction })
      const answer: Answer = (_, path) => {
        const { searchParams } = new URL(path, "http://envoy")
        const configs =
          searchParams.get("resource") === "static_listeners"
            ? [{ listener: listener("INBOUND") }, { listener: listener("OUTBOUND") }, { listener: listener(undefined) }]
            : [
                { active_state: { listener: listener("INBOUND") } },
                { active_state: { listener: listener("OUTBOUND") } },
                { warming_state: { listener: listener("INBOUND") } },
                { error_state: { details: "refused" } }
              ]
        return Effect.sync(() => new Response(JSON.stringify({ configs })))
      }
      const { asked, result } = yield* ask(answer, (admin) => admin.inboundListeners)
      assert.deepStrictEqual(result, Result.succeed(2))
      assert.isTrue(asked.every((request) => request.startsWith("GET http://127.0.0.1:9901/config_dump?resource=")))
      assert.deepStrictEqual((yield* ask(text("{}"), (admin) => admin.inboundListeners)).result, Result.succeed(0))
    })
  )

  it.effect("gives stats 5 s", () =>
    Effect.gen(function* () {
      shows("bad-gateway")
      const question = ask(silence, (admin) => Effect.scoped(admin.prometheus({ usedOnly: false })))
      const fiber = yield* Effect.forkChild(question)
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(4999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(reasonOf((yield* Fiber.join(fiber)).result), "timeout")
    })
  )

  it.effect("sends a probe before stats that wait, and stats one after the other", () =>
    Effect.gen(function* () {
      shows("probes-first")
      const answer: Answer = (_, path) => Effect.delay(text(path === "/ready" ? "LIVE" : "a 1\n")(0, path), "1 second")
      const { asked, layer } = adminThat(answer)
      yield* Effect.gen(function* () {
        const admin = yield* AdminClient
        const scrape = Effect.scoped(admin.prometheus({ usedOnly: false }))
        const fibers = [yield* Effect.forkChild(scrape), yield* Effect.forkChild(scrape)]
        yield* TestClock.adjust(0)
        const probe = yield* Effect.forkChild(admin.ready)
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(asked, ["GET /stats/prometheus"])
        // The probe's 2 s begin when it is sent.
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* Fiber.join(probe), "LIVE")
        yield* TestClock.adjust("1 second")
        for (const fiber of fibers) yield* Fiber.join(fiber)
        assert.deepStrictEqual(asked, [
          "GET /stats/prometheus",
          "GET http://127.0.0.1:9901/ready",
          "GET /stats/prometheus"
        ])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("does not ask again where Envoy refused", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* ask(text("usage: ...\nmore", 400), (admin) => admin.setLogLevel("warning"))
      assert.deepStrictEqual(asked, ["POST http://127.0.0.1:9901/logging?level=warning"])
      assert.isTrue(Result.isFailure(result) && result.failure.message.includes("status (400 usage: ...)"))
    })
  )

  it.effect("quotes an answer on one line without control characters, and refuses one of more than 4 MB", () =>
    Effect.gen(function* () {
      shows("foreign-text", "foreign-size")
      const refusal = yield* ask(text("\u001b[31mno\u0007", 400), (admin) => admin.setLogLevel("info"))
      assert.isTrue(Result.isFailure(refusal.result) && refusal.result.failure.detail === "400 \\u001b[31mno\\u0007")
      const long = yield* ask(text("x".repeat(120_000), 500), (admin) => admin.setLogLevel("info"))
      assert.isTrue(Result.isFailure(long.result) && long.result.failure.detail.length <= 504)
      const done = yield* ask(text("OK\u001b[0m\n"), (admin) => admin.setLogLevel("info"))
      assert.deepStrictEqual(done.result, Result.succeed("OK\\u001b[0m\n"))
      const huge = yield* ask(text("x".repeat(4 * 1024 * 1024 + 1)), (admin) => admin.healthStats)
      assert.isTrue(Result.isFailure(huge.result) && huge.result.failure.detail === "the answer is longer than 4 MB")
    })
  )

  it.effect("takes the second answer where the first got lost", () =>
    Effect.gen(function* () {
      const answer: Answer = (attempt, path) => (attempt === 1 ? Effect.never : text("OK\n")(attempt, path))
      const fiber = yield* Effect.forkChild(ask(answer, (admin) => admin.setLogLevel("debug")))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(300)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).result, Result.succeed("OK\n"))
    })
  )

  it.effect("asks for the health stats alone, and names what is no JSON", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ stats: [{ name: "control_plane.connected_state", value: 1 }] })
      const { asked, result } = yield* ask(text(body), (admin) => admin.healthStats)
      assert.isTrue(Result.isSuccess(result) && Option.contains(result.success.connected, true))
      assert.match(asked[0] ?? "", /\/stats\?format=json&filter=/)
      assert.strictEqual(reasonOf((yield* ask(text("not json"), (admin) => admin.healthStats)).result), "body")
      assert.strictEqual(reasonOf((yield* ask(text("{}"), (admin) => admin.activeConnections)).result), "body")
    })
  )

  it.effect("asks for the counters of rejected updates alone, then for all of those subscriptions", () =>
    Effect.gen(function* () {
      const stat = (name: string, value: number) => ({ name, value })
      const answer: Answer = (attempt, path) =>
        text(
          JSON.stringify({
            stats: [
              stat("listener_manager.lds.update_rejected", 2),
              ...(attempt === 1 ? [] : [stat("listener_manager.lds.update_success", 1)])
            ]
          })
        )(attempt, path)
      const { asked, result } = yield* ask(answer, (admin) => admin.rejectingSubscriptions)
      assert.deepStrictEqual(
        result,
        Result.succeed([{ subscription: "listener_manager.lds", accepted: 1, rejected: 2, acceptedAt: 0 }])
      )
      assert.lengthOf(asked, 2)
      for (const url of asked) assert.match(url, /\/stats\?format=json&usedonly=&filter=/)
      const nothing = yield* ask(text('{"stats":[]}'), (admin) => admin.rejectingSubscriptions)
      assert.deepStrictEqual([nothing.result, nothing.asked.length], [Result.succeed([]), 1])
    })
  )

  it.effect("asks for the errors of listeners without their configurations, and gives Envoy 5 s", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* ask(
        text('{"configs":[{"name":"a","error_state":{"details":"no"}}]}'),
        (admin) => admin.listenerErrors
      )
      assert.deepStrictEqual(result, Result.succeed([{ listener: "a", reason: "no", at: undefined }]))
      assert.match(
        `${asked}`,
        /\/config_dump\?resource=dynamic_listeners&mask=name%2Cerror_state.details%2Cerror_state.last_update_attempt$/
      )
      const fiber = yield* Effect.forkChild(ask(silence, (admin) => admin.listenerErrors))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(4999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(reasonOf((yield* Fiber.join(fiber)).result), "timeout")
    })
  )

  it.effect("tells a dump that Envoy cannot print, which it says with status 200, from garbage", () =>
    Effect.gen(function* () {
      const words = "Failed to convert protobuf message to JSON string: INVALID_ARGUMENT: could not find @type 'acme'"
      const unprintable = yield* ask(text(words), (admin) => admin.listenerErrors)
      assert.strictEqual(reasonOf(unprintable.result), "status")
      for (const garbage of ["<html>", `{"configs":${"x".repeat(5 * 1024 * 1024)}`]) {
        assert.strictEqual(reasonOf((yield* ask(text(garbage), (admin) => admin.listenerErrors)).result), "body")
      }
    })
  )

  it.effect("asks for the levels of all loggers without setting one, once and for 250 ms", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* ask(
        text("active loggers:\n  admin: info\n  upstream: debug\n  wasm: info\n\n"),
        (admin) => admin.logLevels
      )
      assert.deepStrictEqual(result, Result.succeed(["info", "debug"]))
      assert.deepStrictEqual(asked, ["POST http://127.0.0.1:9901/logging"])
      const fiber = yield* Effect.forkChild(ask(silence, (admin) => admin.logLevels))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(250)
      const silent = yield* Fiber.join(fiber)
      assert.deepStrictEqual([reasonOf(silent.result), silent.asked.length], ["timeout", 1])
    })
  )

  it.effect("reads the server's info", () =>
    Effect.gen(function* () {
      const info = {
        version: "abc/1.40.0/Clean",
        state: "LIVE",
        uptime_current_epoch: "12s",
        command_line_options: { config_path: "/b.json" }
      }
      const { result } = yield* ask(text(JSON.stringify(info)), (admin) => admin.serverInfo)
      assert.isTrue(Result.isSuccess(result) && result.success.uptime_current_epoch === "12s")
    })
  )

  it.effect("asks nobody but this agent's Envoy", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const foreign: OwnEnvoy["Service"]["check"] = (endpoint) =>
        Effect.fail(new AdminError({ endpoint, reason: "foreign", detail: "another program listens there" }))
      for (const question of [
        (admin: AdminClient["Service"]) => Effect.asVoid(admin.ready),
        (admin: AdminClient["Service"]) => Effect.asVoid(admin.healthStats),
        (admin: AdminClient["Service"]) => Effect.asVoid(admin.activeConnections),
        (admin: AdminClient["Service"]) => Effect.asVoid(admin.serverInfo),
        (admin: AdminClient["Service"]) => Effect.asVoid(admin.setLogLevel("debug")),
        (admin: AdminClient["Service"]) =>
          Effect.asVoid(admin.drainListeners({ graceful: true, skipExit: true, inboundOnly: false })),
        (admin: AdminClient["Service"]) => Effect.asVoid(Effect.scoped(admin.prometheus({ usedOnly: true })))
      ]) {
        const { asked, result } = yield* ask(text("LIVE"), question, undefined, foreign)
        assert.isTrue(Result.isFailure(result) && result.failure.message === "another program listens there")
        assert.deepStrictEqual(asked, [])
      }
    })
  )

  it.effect("streams stats as they come, and fails with a typed error in the middle", () =>
    Effect.gen(function* () {
      const bytes =
        (broken: boolean): Answer =>
        () =>
          Effect.sync(
            () =>
              new Response(
                new ReadableStream<Uint8Array>({
                  start(controller) {
                    controller.enqueue(new TextEncoder().encode("a 1\n"))
                    controller.enqueue(new TextEncoder().encode("b 2\n"))
                    if (broken) controller.error(new Error("reset"))
                    else controller.close()
                  }
                })
              )
          )
      const read = (admin: AdminClient["Service"]) =>
        admin.prometheus({ usedOnly: true }).pipe(
          Effect.flatMap((body) => Stream.mkString(Stream.decodeText(body))),
          Effect.scoped
        )
      const whole = yield* ask(bytes(false), read)
      assert.deepStrictEqual(whole.result, Result.succeed("a 1\nb 2\n"))
      assert.deepStrictEqual(whole.asked, ["GET /stats/prometheus?usedonly"])
      const filter = "filter=a.*p.*p.*m.*e.*s.*h"
      for (const [usedOnly, query] of [
        [true, `usedonly&${filter}`],
        [false, filter]
      ] as const) {
        const extension = yield* ask(bytes(false), (admin) =>
          Effect.scoped(Effect.asVoid(admin.prometheus({ usedOnly, extensionOnly: true })))
        )
        assert.deepStrictEqual(extension.asked, [`GET /stats/prometheus?${query}`])
      }
      assert.strictEqual(reasonOf((yield* ask(bytes(true), read)).result), "unreachable")
      assert.strictEqual(reasonOf((yield* ask(text("no", 500), read)).result), "status")
    })
  )

  it.effect("is interrupted with its caller", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(ask(silence, (admin) => admin.ready))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    })
  )
})
