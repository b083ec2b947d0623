import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { refusalOf } from "../../../../src/layers/management/server/guards.ts"
import { takesGzip } from "../../../../src/layers/management/server/statsAnswer.ts"
import { makeTokenBucket } from "../../../../src/layers/management/server/tokenBucket.ts"
import { Config } from "../../../../src/services/Config.ts"
import { settings } from "../../../fakes.ts"
import { shows } from "../../../shows.ts"

type Headers = Readonly<Record<string, string>>

const judged = (headers: Headers, environment: Headers = {}, overTcp = true) =>
  Effect.map(Config, (config) => refusalOf(config.settings, overTcp, headers)?.status).pipe(
    Effect.provide(settings(environment))
  )

describe("a request that changes something", () => {
  it.effect("is refused by a name that DNS could bring here, over TCP", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ALLOWED_HOSTS", "host-and-origin")
      for (const host of ["127.0.0.1:9902", "[::1]:9902", "localhost", "LOCALHOST:1", "10.0.0.3"]) {
        assert.strictEqual(yield* judged({ host }), undefined, host)
      }
      for (const host of ["evil.example", "127.0.0.1.evil.example:9902", "", "localhost.evil"]) {
        assert.strictEqual(yield* judged({ host }), 403, host)
      }
      assert.strictEqual(yield* judged({}), 403)
      assert.strictEqual(yield* judged({ host: "evil.example" }, {}, false), undefined)
      const allowed = { APPNET_AGENT_ALLOWED_HOSTS: "agent.internal, Other.internal" }
      assert.strictEqual(yield* judged({ host: "agent.internal:9902" }, allowed), undefined)
      assert.strictEqual(yield* judged({ host: "other.internal" }, allowed), undefined)
    })
  )

  it.effect("is refused from another site's page", () =>
    Effect.gen(function* () {
      shows("host-and-origin")
      const host = "localhost:9902"
      assert.strictEqual(yield* judged({ host, origin: "http://localhost:9902" }), undefined)
      for (const origin of ["http://evil.example", "null", "https://localhost:9902", "http://localhost:9903"]) {
        assert.strictEqual(yield* judged({ host, origin }), 403, origin)
      }
    })
  )

  it.effect("needs the token, and no beginning of it", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ADMIN_TOKEN", "token")
      const token = { APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      const host = "localhost"
      assert.strictEqual(yield* judged({ host, authorization: "Bearer s3cret" }, token), undefined)
      for (const authorization of ["Bearer s3cre", "Bearer s3crets", "Bearer ", "s3cret", ""]) {
        assert.strictEqual(yield* judged({ host, authorization }, token), 401, authorization)
      }
    })
  )
})

describe("a token bucket", () => {
  it.effect("gives a burst, then so many a second, and says how long to wait", () =>
    Effect.gen(function* () {
      const take = yield* makeTokenBucket({ perSecond: 10, burst: 20 })
      for (let i = 0; i < 20; i += 1) assert.strictEqual(yield* take, 0)
      assert.strictEqual(yield* take, 1)
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* take, 0)
      assert.strictEqual(yield* take, 1)
      yield* TestClock.adjust("1 hour")
      let taken = 0
      while ((yield* take) === 0) taken += 1
      assert.strictEqual(taken, 20)
    })
  )
})

describe("accept-encoding", () => {
  it("names gzip, or anything, and not with a weight of 0", () => {
    for (const header of ["gzip", "br, GZIP;q=0.1", "*", "deflate , gzip ; q=1"])
      assert.isTrue(takesGzip(header), header)
    for (const header of [undefined, "", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"]) assert.isFalse(takesGzip(header))
  })
})
