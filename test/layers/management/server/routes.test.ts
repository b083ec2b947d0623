import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { shows } from "../../../shows.ts"
import { healthy, serving } from "./serving.ts"

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

  it.effect("counts the agent's uptime by a clock that nobody sets", () =>
    Effect.gen(function* () {
      shows("agent-uptime")
      const clock = yield* Clock.Clock
      let wallClock = 0
      const ask = yield* Effect.provideService(serving(), Clock.Clock, {
        ...clock,
        currentTimeMillis: Effect.sync(() => wallClock),
        currentTimeMillisUnsafe: () => wallClock
      })
      yield* TestClock.adjust("90 seconds")
      wallClock = -3_600_000
      const { body } = yield* ask("/status")
      assert.strictEqual(JSON.parse(body).agentUptime, "90s")
    })
  )

  it.effect("tells more in /status with verbose, and takes no other parameter there", () =>
    Effect.gen(function* () {
      shows("rejected-update")
      const rejected = { type: "t", resource: undefined, reason: "no", since: 0, count: 1, isOrderKnown: true }
      const ask = yield* serving({ rejected })
      const plain = JSON.parse((yield* ask("/status")).body)
      assert.notProperty(plain, "rejectedUpdate")
      for (const query of ["verbose", "verbose=true"]) {
        const { rejectedUpdate, ...others } = JSON.parse((yield* ask(`/status?${query}`)).body)
        assert.deepStrictEqual(others, plain)
        assert.deepStrictEqual(rejectedUpdate, { type: "t", reason: "no", since: "1970-01-01T00:00:00Z", count: "1" })
      }
      for (const query of ["verbose=no", "verbose&verbose", "json"]) {
        const { body, status } = yield* ask(`/status?${query}`)
        assert.strictEqual(status, 400, query)
        assert.include(body, "expected no parameters except verbose")
      }
    })
  )

  it.effect("says in /status why there is no connection while there is none", () =>
    Effect.gen(function* () {
      const fine = yield* serving()
      assert.notProperty(JSON.parse((yield* fine("/status")).body), "managementServerProblem")
      const cutOff = yield* serving({ health: { ...healthy, connection: { _tag: "Disconnected", since: 0 } } })
      assert.deepInclude(JSON.parse((yield* cutOff("/status")).body), {
        managementServerConnectionStatus: "NOT_CONNECTED",
        managementServerDisconnectedTimestamp: "1970-01-01T00:00:00Z",
        managementServerProblem: "nothing listens"
      })
    })
  )

  it.effect("answers /ready by health and /live always", () =>
    Effect.gen(function* () {
      shows("probes", "status-reason")
      const well = yield* serving()
      assert.strictEqual((yield* well("/ready")).status, 200)
      const ill = yield* serving({ health: { ...healthy, status: "UNHEALTHY", reason: "Envoy is PRE_INITIALIZING" } })
      const ready = yield* ill("/ready")
      assert.strictEqual(JSON.parse((yield* ill("/status")).body).reason, "Envoy is PRE_INITIALIZING")
      assert.strictEqual(ready.status, 503)
      assert.strictEqual(ready.body, "UNHEALTHY: Envoy is PRE_INITIALIZING\n")
      assert.strictEqual(JSON.parse((yield* ill("/status")).body).reason, "Envoy is PRE_INITIALIZING")
      assert.strictEqual((yield* ill("/live")).status, 200)
    })
  )

  it.effect("accepts a content-length of 0 and refuses any other", () =>
    Effect.gen(function* () {
      shows("no-body")
      const ask = yield* serving()
      const { body, status } = yield* ask("/status", { method: "HEAD", headers: { "content-length": "3" } })
      assert.strictEqual(status, 400)
      assert.notInclude(body, "undefined")
      assert.strictEqual((yield* ask("/live", { headers: { "content-length": "0" } })).status, 200)
    })
  )

  it.effect("drains inbound listeners, gracefully on request, and passes on Envoy's answer", () =>
    Effect.gen(function* () {
      shows("drain-route", "drain-final")
      const api = yield* serving()
      for (const path of [
        "/drain_listeners",
        "/drain_listeners?inboundonly",
        "/drain_listeners?graceful&inboundonly"
      ]) {
        const { body, status } = yield* api.post(path)
        assert.strictEqual(status, 200)
        assert.match(
          body,
          /^OK\n.*2 inbound listeners.*\. Draining cannot be undone: \/ready is 503 until Envoy's next start\.\n$/
        )
      }
      const inbound = { skipExit: false, inboundOnly: true }
      assert.deepStrictEqual(api.admin.drains, [
        { graceful: false, ...inbound },
        { graceful: false, ...inbound },
        { graceful: true, ...inbound }
      ])
      for (const query of ["skip_exit", "graceful=maybe", "inboundonly&inboundonly", "x=1"]) {
        assert.strictEqual((yield* api.post(`/drain_listeners?${query}`)).status, 400, query)
      }
      assert.strictEqual((yield* api("/drain_listeners")).status, 405)
      assert.strictEqual(api.admin.drains.length, 3)
    })
  )

  it.effect("passes on no more of Envoy's answer to a drain than one printable line", () =>
    Effect.gen(function* () {
      shows("envoy-text")
      const api = yield* serving({ admin: { drainAnswer: `\u001b[31mOK\nmore${"x".repeat(9000)}` } })
      const [first = "", second = ""] = (yield* api.post("/drain_listeners")).body.split("\n")
      assert.lengthOf(first, 500)
      assert.match(first, /^\\u001b\[31mOK\\nmorex+$/)
      assert.match(second, /^2 inbound listeners drained/)
      const refusing = yield* serving({
        admin: { drainFails: "status", drainAnswer: `500 \u001b[2J${"x".repeat(9000)}` }
      })
      const { body, status } = yield* refusing.post("/drain_listeners")
      assert.deepStrictEqual([status, body.length], [502, 501])
      assert.include(body, "\\u001b[2Jxxx")
    })
  )

  it.effect("sends traffic elsewhere after a drain, and stays HEALTHY, until Envoy's next start", () =>
    Effect.gen(function* () {
      shows("drained-state", "drain-restart", "probes", "status-reason")
      const api = yield* serving()
      const before = JSON.parse((yield* api("/status")).body)
      assert.notProperty(before, "drainedAt")
      yield* api.post("/drain_listeners")
      const ready = yield* api("/ready")
      const status = JSON.parse((yield* api("/status")).body)
      assert.deepInclude(status, { healthStatus: "HEALTHY", envoyState: "LIVE", drainedAt: "1970-01-01T00:00:00Z" })
      const reason =
        "Envoy is LIVE, but its inbound listeners were drained on request at 1970-01-01T00:00:00Z, until its next start"
      assert.deepStrictEqual([ready.status, ready.body, status.reason], [503, `DRAINED: ${reason}\n`, reason])
      assert.strictEqual((yield* api("/live")).status, 200)
      yield* SubscriptionRef.set(api.states, { _tag: "Running", epoch: 4, pid: 78, since: 0 })
      assert.strictEqual((yield* api("/ready")).status, 200)
      assert.notProperty(JSON.parse((yield* api("/status")).body), "drainedAt")
    })
  )

  it.effect("sends traffic elsewhere while a drain is unanswered, and does not claim that it happened", () =>
    Effect.gen(function* () {
      shows("drain-unanswered", "bad-gateway")
      const api = yield* serving({ admin: { drainFails: "timeout" } })
      const { body, status } = yield* api.post("/drain_listeners")
      assert.strictEqual(status, 502)
      assert.match(body, /: timeout \(.*the drain may happen at any time, and is repeated until Envoy answers\)\n$/)
      const ready = yield* api("/ready")
      assert.strictEqual(ready.status, 503)
      assert.include(ready.body, "a drain of its inbound listeners was requested at 1970-01-01T00:00:00Z")
      assert.notProperty(JSON.parse((yield* api("/status")).body), "drainedAt")
    })
  )

  it.effect("answers 502 with a reason if Envoy does not answer", () =>
    Effect.gen(function* () {
      shows("bad-gateway")
      const api = yield* serving({ admin: { state: undefined, drainFails: true, exposition: undefined } })
      for (const answer of [
        yield* api.post("/drain_listeners"),
        yield* api.post("/enableLogging?level=debug"),
        yield* api("/stats/prometheus")
      ]) {
        assert.strictEqual(answer.status, 502)
        assert.match(answer.body, /^Envoy's admin \/\w+.*: unreachable \(ECONNREFUSED\)\n$/)
      }
    })
  )

  it.effect("sets log levels in any case; 304 for the level in force, 400 for anything else", () =>
    Effect.gen(function* () {
      shows("logging-route", "logging-reported")
      const api = yield* serving()
      const debug = yield* api.post("/enableLogging?level=DEBUG")
      const requester = "requested by a client of the socket /var/run/ecs/appnet_admin.sock"
      assert.deepStrictEqual(
        [debug.status, debug.body],
        [
          200,
          `Setting logging level from [info] to [debug]\n${requester}, until 1970-01-01T00:05:00Z, when it is reset to [info]\n`
        ]
      )
      assert.deepInclude(JSON.parse((yield* api("/status")).body), {
        logLevel: "debug",
        logLevelResetsAt: "1970-01-01T00:05:00Z"
      })
      assert.strictEqual((yield* api.post("/enableLogging?level=debug")).status, 304)
      assert.include((yield* api.post("/enableLogging?level=Warn")).body, "from [debug] to [warning]")
      assert.strictEqual((yield* api.post("/enableLogging?level=warning")).status, 304)
      assert.deepStrictEqual(api.admin.levels, ["debug", "warning"])
      for (const query of [
        "",
        "?level=loud",
        "?level=info&level=debug",
        "?level=info&more=1",
        "?level=info&permanent=yes"
      ]) {
        const { body, status } = yield* api.post(`/enableLogging${query}`)
        assert.strictEqual(status, 400, query)
        assert.include(body, "expected level=trace, debug")
      }
      const withBody = yield* api("/enableLogging?level=info", { method: "POST", headers: { "content-length": "2" } })
      assert.strictEqual(withBody.status, 400)
    })
  )

  const exposition = [
    "# TYPE envoy_appmesh_RequestCount counter\nenvoy_appm",
    'esh_RequestCount{a="}"} 7\n# TYPE envoy_server_live gauge\nenvoy_server_live 1\n'
  ]

  it.effect("passes on stats unchanged or filtered", () =>
    Effect.gen(function* () {
      shows("stats-route")
      const api = yield* serving({ admin: { exposition } })
      const plain = yield* api("/stats/prometheus?usedonly")
      assert.strictEqual(plain.body, exposition.join(""))
      assert.strictEqual(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
      const { body } = yield* api("/stats/prometheus?filter=metrics_extension")
      assert.strictEqual(body, '# TYPE RequestCount counter\nRequestCount{a="}"} 7\n')
    })
  )

  it.effect("compresses stats for a client that accepts gzip", () =>
    Effect.gen(function* () {
      const api = yield* serving({ admin: { exposition } })
      const plain = yield* api("/stats/prometheus", { headers: { "accept-encoding": "br, gzip;q=0" } })
      assert.isNull(plain.headers.get("content-encoding"))
      const compressed = yield* api("/stats/prometheus", { headers: { "accept-encoding": "br, gzip;q=0.5" } })
      assert.strictEqual(compressed.headers.get("content-encoding"), "gzip")
      assert.strictEqual(compressed.headers.get("vary"), "accept-encoding")
      assert.notInclude(compressed.body, "RequestCount")
    })
  )

  it.effect("refuses combinations of stats parameters that have no meaning", () =>
    Effect.gen(function* () {
      shows("stats-bad-query", "stats-delta")
      const api = yield* serving({ admin: { exposition } })
      const wrong = [
        "filter=all",
        "usedonly=no",
        "delta",
        "usedonly&delta",
        "usedonly&filter=metrics_extension&since=1",
        "format=json",
        "usedonly&usedonly"
      ]
      for (const query of wrong) assert.strictEqual((yield* api(`/stats/prometheus?${query}`)).status, 400, query)
      const delta = yield* api("/stats/prometheus?usedonly&filter=metrics_extension&delta")
      assert.deepStrictEqual([delta.status, delta.headers.get("x-snapshot")], [200, "disabled"])
      assert.include(delta.body, 'RequestCount{a="}"} 7')
    })
  )

  it.effect("answers a delta with current values until there are two snapshots", () =>
    Effect.gen(function* () {
      shows("ENABLE_STATS_SNAPSHOT", "stats-delta")
      const environment = { APPNET_AGENT_ADMIN_MODE: "uds", ENABLE_STATS_SNAPSHOT: "1" }
      const api = yield* serving({ admin: { exposition }, environment })
      yield* TestClock.adjust(0)
      const ask = api("/stats/prometheus?usedonly&filter=metrics_extension&delta")
      const first = yield* ask
      assert.deepStrictEqual([first.status, first.headers.get("x-snapshot")], [200, "none"])
      assert.include(first.body, 'RequestCount{a="}"} 7')
      yield* TestClock.adjust("2 minutes")
      const later = yield* ask
      assert.isNull(later.headers.get("x-snapshot"))
      assert.include(later.body, 'RequestCount{a="}"} 0')
    })
  )

  it.effect("says with each cursor whether the values are whole", () =>
    Effect.gen(function* () {
      shows("cursor-restarted", "stats-cursor")
      const environment = { APPNET_AGENT_ADMIN_MODE: "uds", ENABLE_STATS_SNAPSHOT: "1" }
      const api = yield* serving({ admin: { exposition }, environment })
      yield* TestClock.adjust(0)
      const since = (cursor: string) => api(`/stats/prometheus?usedonly&filter=metrics_extension&delta&since=${cursor}`)
      for (const unknown of ["", "unknown"]) {
        const first = yield* since(unknown)
        assert.strictEqual(first.headers.get("x-snapshot"), "restarted")
        assert.include(first.body, 'RequestCount{a="}"} 7')
        const next = yield* since(String(first.headers.get("x-snapshot-cursor")))
        assert.isNull(next.headers.get("x-snapshot"))
        assert.include(next.body, 'RequestCount{a="}"} 0')
      }
    })
  )

  it.effect("answers 429 after a burst, for that route alone, and never for /status", () =>
    Effect.gen(function* () {
      shows("rate-limit")
      const api = yield* serving({ admin: { exposition } })
      const answers = yield* Effect.forEach(Array.from({ length: 60 }), () => api("/stats/prometheus"))
      assert.isTrue(answers.slice(0, 20).every(({ status }) => status === 200))
      const refused = answers.find(({ status }) => status === 429)
      assert.deepStrictEqual(
        [refused?.headers.get("retry-after"), refused?.body],
        ["1", "too many requests: ask again in 1 s\n"]
      )
      assert.strictEqual((yield* api.post("/drain_listeners")).status, 200)
      for (let i = 0; i < 100; i += 1) assert.strictEqual((yield* api("/status")).status, 200)
    })
  )

  it.effect("needs the token for each POST and for nothing else", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ADMIN_TOKEN", "token")
      const api = yield* serving({
        environment: { APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      })
      const without = yield* api.post("/drain_listeners")
      assert.deepStrictEqual([without.status, without.headers.get("www-authenticate")], [401, "Bearer"])
      for (const authorization of ["Bearer s3cre", "Basic s3cret", "Bearer", "s3cret"]) {
        assert.strictEqual((yield* api.post("/enableLogging?level=debug", { authorization })).status, 401)
      }
      const shown = { authorization: "bearer s3cret" }
      assert.strictEqual((yield* api.post("/drain_listeners", shown)).status, 200)
      assert.strictEqual((yield* api("/status")).status, 200)
    })
  )
})
