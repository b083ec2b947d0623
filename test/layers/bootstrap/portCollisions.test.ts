import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { appMeshWithRoots, bootstrapOf, problemsOf, stockEnvoy, withFiles } from "./harness.ts"

describe("the ports of one agent", () => {
  it.effect("are an error if two listeners share one", () =>
    Effect.gen(function* () {
      const problems = yield* problemsOf(
        {
          ...appMeshWithRoots,
          APPNET_AGENT_ADMIN_MODE: "tcp",
          APPNET_AGENT_HTTP_PORT: "15003",
          APPNET_LOCAL_RELAY_ADMIN_PORT: "9901",
          APPNET_AGENT_SCRAPE_ADDRESS: "127.0.0.1:9901"
        },
        stockEnvoy
      )
      assert.deepStrictEqual(
        problems.map((line) => /^port (\d+) .*\((\w+)\).*\((\w+)\): give/.exec(line)?.slice(1)),
        [
          ["9901", "ENVOY_ADMIN_ACCESS_PORT", "APPNET_LOCAL_RELAY_ADMIN_PORT"],
          ["9901", "ENVOY_ADMIN_ACCESS_PORT", "APPNET_AGENT_SCRAPE_ADDRESS"],
          ["15003", "APPNET_LOCAL_RELAY_LISTENER_PORT", "APPNET_AGENT_HTTP_PORT"],
          ["9901", "APPNET_LOCAL_RELAY_ADMIN_PORT", "APPNET_AGENT_SCRAPE_ADDRESS"]
        ]
      )
    })
  )

  it.effect("may be the same on different addresses, and if nothing listens", () =>
    Effect.gen(function* () {
      yield* bootstrapOf({
        ...appMeshWithRoots,
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "9901",
        APPNET_AGENT_HTTP_BIND_ADDRESS: "127.0.0.2",
        APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1"
      })
      yield* bootstrapOf({ ...appMeshWithRoots, APPNET_LOCAL_RELAY_ADMIN_PORT: "9901" })
      yield* bootstrapOf({
        ...appMeshWithRoots,
        ENVOY_ADMIN_MODE: "uds",
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "9901"
      })
    })
  )

  it.effect("are compared with the admin's in a bootstrap of the user's own", () =>
    Effect.gen(function* () {
      const DIR = yield* withFiles({
        own: "admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9902 } } }"
      })
      const own = { ENVOY_CONFIG_FILE: `${DIR}/own`, APPNET_AGENT_ADMIN_MODE: "tcp" }
      assert.match(`${yield* problemsOf(own)}`, /^port 9902 .*\(ENVOY_CONFIG_FILE\).*\(APPNET_AGENT_HTTP_PORT\): give/)
      yield* bootstrapOf({ ...own, APPNET_AGENT_HTTP_PORT: "9901" })
    })
  )
})
