import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { checkPermission } from "../../../../src/layers/management/server/permission.ts"
import { Config } from "../../../../src/services/Config.ts"
import { settings } from "../../../fakes.ts"
import { shows } from "../../../shows.ts"

type Headers = Readonly<Record<string, string>>

const command = { checksHost: true, needsPermission: true }

/** The status of the refusal; none for a request that is let through. */
const refusal = (headers: Headers, environment: Headers = {}, overTcp = true, route = command) =>
  Effect.flatMap(Config, (config) => checkPermission(route, config.settings, overTcp, headers)).pipe(
    Effect.match({ onSuccess: () => undefined, onFailure: ({ status }) => status }),
    Effect.provide(settings(environment))
  )

describe("a request that only reads", () => {
  it.effect("is refused over TCP for its Host alone, and a probe for nothing", () =>
    Effect.gen(function* () {
      shows("host-and-origin", "token")
      const token = { APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      const read = { checksHost: true, needsPermission: false }
      assert.strictEqual(yield* refusal({ host: "evil.example" }, token, true, read), 403)
      assert.isUndefined(yield* refusal({ host: "localhost", origin: "http://evil.example" }, token, true, read))
      assert.isUndefined(yield* refusal({ host: "evil.example" }, token, false, read))
      const probe = { checksHost: false, needsPermission: false }
      assert.isUndefined(yield* refusal({ host: "evil.example" }, token, true, probe))
    })
  )
})

describe("a request that changes something", () => {
  it.effect("is refused over TCP if its Host is a name that DNS rebinding could use", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ALLOWED_HOSTS", "host-and-origin")
      for (const host of ["127.0.0.1:9902", "[::1]:9902", "localhost", "LOCALHOST:1", "10.0.0.3"]) {
        assert.strictEqual(yield* refusal({ host }), undefined, host)
      }
      for (const host of ["evil.example", "127.0.0.1.evil.example:9902", "", "localhost.evil"]) {
        assert.strictEqual(yield* refusal({ host }), 403, host)
      }
      assert.strictEqual(yield* refusal({}), 403)
      assert.strictEqual(yield* refusal({ host: "evil.example" }, {}, false), undefined)
      const allowed = { APPNET_AGENT_ALLOWED_HOSTS: "agent.internal, Other.internal" }
      assert.strictEqual(yield* refusal({ host: "agent.internal:9902" }, allowed), undefined)
      assert.strictEqual(yield* refusal({ host: "other.internal" }, allowed), undefined)
    })
  )

  it.effect("is refused from another site's page", () =>
    Effect.gen(function* () {
      shows("host-and-origin")
      const host = "localhost:9902"
      assert.strictEqual(yield* refusal({ host, origin: "http://localhost:9902" }), undefined)
      for (const origin of ["http://evil.example", "null", "https://localhost:9902", "http://localhost:9903"]) {
        assert.strictEqual(yield* refusal({ host, origin }), 403, origin)
      }
    })
  )

  it.effect("needs the whole token", () =>
    Effect.gen(function* () {
      shows("APPNET_AGENT_ADMIN_TOKEN", "token")
      const token = { APPNET_AGENT_ADMIN_TOKEN: "s3cret" }
      const host = "localhost"
      assert.strictEqual(yield* refusal({ host, authorization: "Bearer s3cret" }, token), undefined)
      for (const authorization of ["Bearer s3cre", "Bearer s3crets", "Bearer ", "s3cret", ""]) {
        assert.strictEqual(yield* refusal({ host, authorization }, token), 401, authorization)
      }
    })
  )
})
