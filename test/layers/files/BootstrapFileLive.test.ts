import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { BootstrapFileLive } from "../../../src/layers/files/BootstrapFileLive.ts"
import { RunFolderLive } from "../../../src/layers/files/RunFolderLive.ts"
import { SideFilesLive } from "../../../src/layers/files/SideFilesLive.ts"
import { Bootstrap, BootstrapFile } from "../../../src/services/Bootstrap.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-file-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The file of a bootstrap that refers to `rules.json` in `parent`. */
const bootstrapFile = (parent: string) => {
  const document = {
    _tag: "Generated" as const,
    value: { node: { id: "n" } },
    sources: [],
    sideFiles: [{ path: `${parent}/rules.json`, content: "rules" }]
  }
  const bootstrap = Bootstrap.of({
    document,
    admin: { _tag: "Tcp", host: "127.0.0.1", port: 9901 },
    usesAds: true,
    localRelay: undefined,
    managementServer: undefined,
    warnings: []
  })
  const layer = BootstrapFileLive.pipe(
    Layer.provide(SideFilesLive),
    Layer.provide(Layer.succeed(Bootstrap, bootstrap)),
    Layer.provide(RunFolderLive),
    Layer.provide(settings({ APPNET_RUN_DIR: parent }))
  )
  return Effect.map(Layer.build(layer), (context) => Context.get(context, BootstrapFile))
}

describe("the file of a generated bootstrap", () => {
  it.effect("is private, in the agent's own folder, and removed at the end with what it refers to", () =>
    Effect.gen(function* () {
      shows("generated-file")
      const parent = yield* temporary
      yield* Effect.scoped(
        Effect.gen(function* () {
          const path = yield* (yield* bootstrapFile(parent)).prepare
          assert.match(path, /\/appnet-agent-\w{6}\/bootstrap\.json$/)
          assert.strictEqual(statSync(path).mode & 0o777, 0o600)
          assert.deepStrictEqual(JSON.parse(readFileSync(path, "utf8")), { node: { id: "n" } })
          assert.strictEqual(statSync(`${parent}/rules.json`).mode & 0o777, 0o600)
        })
      )
      assert.deepStrictEqual(readdirSync(parent), [])
    })
  )

  it.effect("is there for each start, whatever a cleaner has removed", () =>
    Effect.gen(function* () {
      shows("remade-for-each-start")
      const parent = yield* temporary
      const file = yield* bootstrapFile(parent)
      const first = yield* file.prepare
      const made = statSync(first).ino
      assert.strictEqual(yield* file.prepare, first)
      assert.strictEqual(statSync(first).ino, made)
      const removals = [first, `${parent}/rules.json`, dirname(first)]
      for (const removed of removals) {
        rmSync(removed, { recursive: true })
        const path = yield* file.prepare
        assert.include(readFileSync(path, "utf8"), "node")
        assert.strictEqual(readFileSync(`${parent}/rules.json`, "utf8"), "rules")
      }
    })
  )

  it.effect("refers to a file that is replaced where another one is planted, and left where it is another's", () =>
    Effect.gen(function* () {
      shows("own-files-removed", "sampling-manifest")
      const parent = yield* temporary
      writeFileSync(`${parent}/victim`, "precious")
      symlinkSync(`${parent}/victim`, `${parent}/rules.json`)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* bootstrapFile(parent)
          assert.strictEqual(readFileSync(`${parent}/rules.json`, "utf8"), "rules")
          // Another agent on the same folder finds what it needs: the file stays the first one's.
          yield* Effect.scoped(bootstrapFile(parent))
          assert.strictEqual(readFileSync(`${parent}/rules.json`, "utf8"), "rules")
          rmSync(`${parent}/rules.json`)
          writeFileSync(`${parent}/rules.json`, "of somebody else")
        })
      )
      assert.strictEqual(readFileSync(`${parent}/rules.json`, "utf8"), "of somebody else")
      assert.strictEqual(readFileSync(`${parent}/victim`, "utf8"), "precious")
    })
  )
})
