import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { BootstrapError } from "../../../../src/services/Bootstrap.ts"
import { shows } from "../../../shows.ts"
import { bootstrapOf, problemsOf, serviceConnect, withFiles } from "../harness.ts"

describe("a custom bootstrap", () => {
  const own = (content: string) =>
    Effect.flatMap(withFiles({ "own.yaml": content }), (folder) =>
      bootstrapOf({ ...serviceConnect, ENVOY_CONFIG_FILE: `${folder}/own.yaml` })
    )

  it.effect("is used unchanged, with its admin address", () =>
    Effect.gen(function* () {
      shows("own-file")
      const text = "admin:\n  address:\n    pipe: { path: /tmp/own.sock }\n"
      const { admin, document } = yield* own(text)
      assert.deepStrictEqual(admin, { _tag: "Unix", path: "/tmp/own.sock" })
      assert.deepInclude(document, { _tag: "Custom", text })
    })
  )

  it.effect("says whether Envoy has ADS, and no only where that is certain", () =>
    Effect.gen(function* () {
      shows("health-no-ads-start")
      const admin = "admin:\n  address: { pipe: { path: /tmp/own.sock } }\n"
      const ads = "dynamic_resources:\n  ads_config: { api_type: GRPC }\n"
      const unreadable = "x: 1\nx: 2\n"
      const json = '{"admin": {"address": {"pipe": {"path": "/x"}}}, "dynamicResources": {"adsConfig": {}}}'
      const texts = {
        [admin]: false,
        [`${admin}# ads_config\n`]: false,
        [`${admin}dynamic_resources:\n  ads_config:\n`]: false,
        [`${admin}dynamic_resources: { lds_config: { path: /lds } }\n`]: false,
        [`${admin}${ads}`]: true,
        [json]: true,
        [json.replace("adsConfig", "other")]: false,
        [`${admin}${unreadable}`]: false,
        [`${admin}${unreadable}${ads}`]: true
      }
      for (const [text, expected] of Object.entries(texts))
        assert.strictEqual((yield* own(text)).usesAds, expected, text)
      assert.isTrue((yield* bootstrapOf(serviceConnect)).usesAds)
    })
  )

  it.effect("may be larger than what the agent parses as a whole", () =>
    Effect.gen(function* () {
      const clusters = `static_resources:\n${"  # padding\n".repeat(60_000)}`
      const admin = "admin:\n  # why\n\n  address: { socket_address: { address: 0.0.0.0, port_value: 9 } }\n"
      const found = yield* own(`${clusters}${admin}node: {}\n`)
      assert.deepStrictEqual(found.admin, { _tag: "Tcp", host: "127.0.0.1", port: 9 })
      const none: BootstrapError | unknown = yield* Effect.flip(own(clusters))
      assert.include(String(none), "no admin address")
    })
  )

  it.effect("may be JSON of any size, with any number of values", () =>
    Effect.gen(function* () {
      shows("own-file-json")
      const admin = { address: { socketAddress: { address: "127.0.0.1", portValue: 9 } } }
      const json = (count: number) =>
        JSON.stringify({ padding: Array.from({ length: count }, (_, i) => ({ n: `${i}` })), admin })
      // Of the second, YAML's reader would need more tokens than it takes, and of the third more bytes.
      for (const text of [json(1), json(30_000), json(200_000), `\uFEFF${json(1)}`]) {
        assert.deepStrictEqual((yield* own(text)).admin, { _tag: "Tcp", host: "127.0.0.1", port: 9 })
      }
      const none: BootstrapError | unknown = yield* Effect.flip(own('{"admin": {}}'))
      assert.include(String(none), "no admin address")
    })
  )

  it.effect("needs to be readable to the agent only where its admin is", () =>
    Effect.gen(function* () {
      const admin = "admin:\n  address: { pipe: { path: /tmp/own.sock } }\n"
      const tokens = `static_resources:\n  clusters: [${"a,".repeat(110_000)}]\n`
      const deep = `x: ${"[".repeat(200)}${"]".repeat(200)}\n`
      for (const rest of [tokens, deep, "x: 1\nx: 2\n"]) {
        for (const text of [`${admin}${rest}`, `${rest}${admin}`, `${rest}${admin}node: {}\n`]) {
          assert.deepStrictEqual((yield* own(text)).admin, { _tag: "Unix", path: "/tmp/own.sock" })
        }
      }
      const unread: BootstrapError | unknown = yield* Effect.flip(own(deep))
      assert.include(String(unread), "more than 100 collections inside each other")
    })
  )

  it.effect("is a regular file: nothing waits for a FIFO that nobody writes to", () =>
    Effect.gen(function* () {
      shows("own-file-missing")
      const DIR = yield* withFiles({})
      execFileSync("mkfifo", [`${DIR}/fifo`])
      for (const path of [`${DIR}/fifo`, DIR]) {
        for (const variable of ["ENVOY_CONFIG_FILE", "ENVOY_RESOURCES_CONFIG_FILE"]) {
          assert.deepStrictEqual(yield* problemsOf({ ...serviceConnect, [variable]: path }), [
            `${variable}=${path} is not a regular file`
          ])
        }
      }
      const { document } = yield* bootstrapOf({ ...serviceConnect, ENVOY_CONFIG_FILE: "/dev/null" })
      assert.strictEqual(document._tag, "Generated")
    })
  )

  it.effect("counts as not set if the file is empty", () =>
    Effect.gen(function* () {
      shows("own-file-empty")
      assert.strictEqual((yield* own(" \n")).document._tag, "Generated")
    })
  )

  it.effect("leaves the settings of a generated bootstrap without use: bad ones are warnings", () =>
    Effect.gen(function* () {
      shows("unused-values")
      const DIR = yield* withFiles({ "own.yaml": "admin: { address: { pipe: { path: /tmp/own.sock } } }" })
      const bad = { ENVOY_CONFIG_FILE: `${DIR}/own.yaml`, ENVOY_STATS_FLUSH_INTERVAL: "10", APPNET_XDS_MODE: "x" }
      const { warnings } = yield* bootstrapOf(bad)
      assert.deepStrictEqual(
        warnings.map((warning) => warning.replace(/: expected.*/, "")),
        [
          "APPNET_XDS_MODE=x is invalid, but not used with ENVOY_CONFIG_FILE",
          "ENVOY_STATS_FLUSH_INTERVAL=10 is invalid, but not used with ENVOY_CONFIG_FILE"
        ]
      )
      assert.match(`${yield* problemsOf({ ...bad, APPNET_AGENT_ADMIN_MODE: "x" })}`, /^APPNET_AGENT_ADMIN_MODE=x/)
      const missing = yield* problemsOf({ ...bad, ENVOY_CONFIG_FILE: "/nonexistent", APPNET_AGENT_ADMIN_MODE: "x" })
      assert.deepStrictEqual(
        missing.map((problem) => problem.split("=")[0]),
        ["APPNET_AGENT_ADMIN_MODE", "ENVOY_CONFIG_FILE"]
      )
    })
  )
})
