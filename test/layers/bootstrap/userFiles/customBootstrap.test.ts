import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { BootstrapError } from "../../../../src/services/Bootstrap.ts"
import { shows } from "../../../shows.ts"
import { bootstrapOf, serviceConnect, withFiles } from "../harness.ts"

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

  it.effect("counts as not set if the file is empty", () =>
    Effect.gen(function* () {
      shows("own-file-empty")
      assert.strictEqual((yield* own(" \n")).document._tag, "Generated")
    })
  )
})
