import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import localRelayTemplate from "../../../../resources/local_relay_bootstrap.yaml"
import relayTemplate from "../../../../resources/relay_bootstrap.yaml"
import { fillTemplate, placeholderNames } from "../../../../src/layers/bootstrap/relay/template.ts"
import type { Json } from "../../../../src/services/Bootstrap.ts"
import { shows } from "../../../shows.ts"
import { envoy140, fieldNamed, generatedOf, localRelayOf, relay, type World } from "../harness.ts"

describe("a template", () => {
  it("has a placeholder for every value, and is filled completely", () => {
    for (const template of [relayTemplate, localRelayTemplate]) {
      const names = [...new Set(placeholderNames(template))]
      assert.isAbove(names.length, 8)
      const text = JSON.stringify(fillTemplate(template, Object.fromEntries(names.map((name) => [name, `of ${name}`]))))
      assert.notInclude(text, "!value")
      for (const name of names) assert.include(text, `"of ${name}"`)
    }
  })

  it.effect("gets a value for every placeholder", () =>
    Effect.gen(function* () {
      const { value } = yield* generatedOf(relay)
      const local = yield* localRelayOf({})
      for (const name of ["address", "path", "service_name", "sni", "filename", "ecdh_curves", "layers"])
        assert.isDefined(fieldNamed(value, name), name)
      for (const name of ["port_value", "service_name", "host_rewrite", "stream_idle_timeout", "layers"])
        assert.isDefined(fieldNamed(local.value, name), name)
    })
  )

  it.effect("lists the headers that are not signed for an Envoy that would leave out its own", () =>
    Effect.gen(function* () {
      shows("signed-headers")
      const headersWith = (version: World["version"]) =>
        Effect.map(generatedOf(relay, version === undefined ? {} : { version }), ({ value }) =>
          JSON.stringify(fieldNamed(value, "match_excluded_headers"))
        )
      const recorded = '[{"exact":"te"},{"prefix":"x"}]'
      const envoy = (minor: number) => Option.some({ ...envoy140, minor })
      for (const version of [envoy(37), envoy(40), Option.none()]) {
        assert.strictEqual(yield* headersWith(version), recorded)
      }
      const listed = yield* headersWith(envoy(36))
      for (const header of ["te", "x-request-id", "x-forwarded-", "x-envoy-"]) assert.include(listed, `"${header}"`)
      assert.notMatch(listed, /"(prefix|exact)":"(x|x-|x-a|x-am|x-amz(-.*)?)"/)
      // Nothing is recorded for the local relay.
      const local = yield* localRelayOf({})
      assert.strictEqual(JSON.stringify(fieldNamed(local.value, "match_excluded_headers")), listed)
    })
  )

  it.effect.prop(
    "keeps a value inside its field, whatever characters it has",
    {
      path: Schema.String.check(Schema.isMaxLength(15)),
      name: Schema.String.check(Schema.isMaxLength(15))
    },
    Effect.fnUntraced(function* ({ name, path }) {
      shows("typed-values")
      const plain = yield* generatedOf(relay)
      const environment = {
        ...relay,
        APPNET_RELAY_LISTENER_UDS_PATH: `/${path}"\n: {!value region}`,
        APPMESH_SIGNING_NAME: `${name}': \n- x`
      }
      const { value } = yield* generatedOf(environment)
      assert.strictEqual(fieldNamed(value, "path"), environment.APPNET_RELAY_LISTENER_UDS_PATH.trim())
      assert.strictEqual(fieldNamed(value, "service_name"), environment.APPMESH_SIGNING_NAME.trim())
      const keys = (json: Json): ReadonlyArray<string> =>
        typeof json === "object" && json !== null
          ? Object.entries(json).flatMap(([key, item]) => [key, ...keys(item)])
          : []
      assert.deepStrictEqual(keys(value), keys(plain.value))
    })
  )
})
