import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { printBootstrap } from "../../src/programs/bootstrap.ts"
import { Bootstrap, type BootstrapDocument, SideFiles } from "../../src/services/Bootstrap.ts"
import { BootstrapRejected, BootstrapValidator } from "../../src/services/BootstrapValidator.ts"
import { settings } from "../fakes.ts"
import { shows } from "../shows.ts"
import { recordedOutput } from "./recordedOutput.ts"

const generated: BootstrapDocument = {
  _tag: "Generated",
  value: { node: { id: "yes" }, statsSinks: [{ name: "s" }] },
  sources: [
    { path: ["node", "id"], variables: ["APPNET_NODE_ID"] },
    { path: ["statsSinks", 0], variables: ["ENABLE_ENVOY_DOG_STATSD"] }
  ],
  sideFiles: []
}

interface Options {
  readonly document?: BootstrapDocument
  readonly rejected?: boolean
}

/** What the command prints and does, on layers that are told. */
const printing = Effect.fnUntraced(function* (
  options: { readonly validate?: boolean; readonly explain?: boolean },
  { document = generated, rejected = false }: Options = {}
) {
  const done: Array<string> = []
  const output = recordedOutput()
  const note = (what: string) => Effect.sync(() => void done.push(what))
  const layer = Layer.mergeAll(
    output.layer,
    settings({ APPNET_NODE_ID: "yes", ENVOY_LOG_LEVEL: "loud" }),
    Layer.succeed(
      Bootstrap,
      Bootstrap.of({
        document,
        admin: { _tag: "Tcp", host: "127.0.0.1", port: 9901 },
        usesAds: true,
        localRelay: undefined,
        managementServer: undefined,
        warnings: ["something was left out"]
      })
    ),
    Layer.succeed(SideFiles, SideFiles.of({ write: note("side files"), remove: note("removed") })),
    Layer.succeed(
      BootstrapValidator,
      BootstrapValidator.of({
        validate: rejected
          ? Effect.fail(new BootstrapRejected({ reason: "no such field", path: "node.ide", variables: [] }))
          : note("validated")
      })
    )
  )
  const result = yield* Effect.result(
    printBootstrap({ validate: false, explain: false, ...options }).pipe(Effect.provide(layer))
  )
  const lines = output.written.join("").trimEnd()
  const warnings = (yield* TestConsole.errorLines).join("\n")
  return { done, result, lines, warnings }
})

describe("bootstrap", () => {
  it.effect("prints YAML that is safe for YAML 1.1, with warnings elsewhere", () =>
    Effect.gen(function* () {
      shows("bootstrap-yaml")
      const { done, lines, warnings } = yield* printing({})
      assert.strictEqual(lines, 'node:\n  id: "yes"\nstatsSinks:\n  - name: s')
      assert.match(warnings, /^warning: ENVOY_LOG_LEVEL=loud .*\nwarning: something was left out$/)
      assert.deepStrictEqual(done, ["side files"])
    })
  )

  it.effect("explains each part that a variable decided", () =>
    Effect.gen(function* () {
      const { lines } = yield* printing({ explain: true })
      assert.strictEqual(
        lines,
        'node:\n  id: "yes" # APPNET_NODE_ID (set)\nstatsSinks:\n  # ENABLE_ENVOY_DOG_STATSD (default)\n  - name: s'
      )
    })
  )

  it.effect("prints nothing that Envoy does not take", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* printing({ validate: true })).done, ["validated", "side files"])
    })
  )

  it.effect("says what Envoy does not take, and prints nothing", () =>
    Effect.gen(function* () {
      const { done, lines, result } = yield* printing({ validate: true }, { rejected: true })
      assert.strictEqual(lines, "")
      assert.deepStrictEqual(done, [])
      assert.include(String(result), "node.ide")
    })
  )

  it.effect("prints a file of the user's own as it is", () =>
    Effect.gen(function* () {
      const document: BootstrapDocument = { _tag: "Custom", path: "/etc/envoy.yaml", text: "# mine\nadmin: {}\n" }
      const { lines } = yield* printing({ explain: true }, { document })
      assert.strictEqual(lines, "# ENVOY_CONFIG_FILE (set): the whole of /etc/envoy.yaml, as it is\n# mine\nadmin: {}")
    })
  )
})
