import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { shows } from "../../../shows.ts"
import { type Environment, envoy140, generatedOf, serviceConnect } from "../harness.ts"

describe("the runtime flags", () => {
  const tracing = "envoy.reloadable_features.http_set_tracing_decision_in_request_id"
  const lookup = "envoy.reloadable_features.no_extension_lookup_by_name"
  const fetching = "envoy.reloadable_features.use_http_client_to_fetch_aws_credentials"
  const pool = "envoy.reloadable_features.tcp_pool_idle_timeout"
  const documented = [tracing, lookup, fetching, pool]
  const version = (minor: number) => Option.some({ ...envoy140, minor })

  /** The documented flags that are written, and the warnings about the others. */
  const flags = (environment: Environment, of = version(40)) =>
    Effect.map(generatedOf({ ...serviceConnect, ...environment }, { version: of }), ({ value, warnings }) => {
      const text = JSON.stringify(value.layeredRuntime)
      const written = documented.flatMap((name) => {
        const [, found] = new RegExp(`"${name}":(true|false)`).exec(text) ?? []
        return found === undefined ? [] : [`${name}=${found}`]
      })
      return { written, warnings }
    })

  it.effect("writes the flag of TCP pools only to turn it off", () =>
    Effect.gen(function* () {
      shows("ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT")
      const written = (environment: Environment) =>
        Effect.map(flags(environment, version(26)), (made) => made.written.filter((flag) => flag.startsWith(pool)))
      assert.deepStrictEqual(yield* written({}), [])
      assert.deepStrictEqual(yield* written({ ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "true" }), [])
      assert.deepStrictEqual(yield* written({ ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "false" }), [`${pool}=false`])
    })
  )

  it.effect("omits the runtime flags that this Envoy has removed, with a warning if they were set", () =>
    Effect.gen(function* () {
      shows("APPNET_RUNTIME_GUARDS", "guards-auto", "guards-all")
      assert.deepStrictEqual(yield* flags({}), { written: [], warnings: [] })
      const asked = { ENVOY_NO_EXTENSION_LOOKUP_BY_NAME: "true", ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT: "0" }
      assert.deepStrictEqual(yield* flags(asked), {
        written: [],
        warnings: [
          `ENVOY_NO_EXTENSION_LOOKUP_BY_NAME has no effect: Envoy removed the runtime guard ${lookup} in 1.39`,
          `ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT has no effect: Envoy removed the runtime guard ${pool} in 1.27`
        ]
      })
      const known = [`${tracing}=true`, `${lookup}=true`, `${fetching}=false`]
      assert.deepStrictEqual(yield* flags({}, version(34)), { written: known.slice(1), warnings: [] })
      for (const of of [version(19), Option.none()]) {
        assert.deepStrictEqual(yield* flags({}, of), { written: known, warnings: [] })
      }
      assert.deepStrictEqual(yield* flags({ ...asked, APPNET_RUNTIME_GUARDS: "all" }), {
        written: [...known, `${pool}=false`],
        warnings: []
      })
    })
  )
})
