import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { EnvoyBinaryLive } from "../../../src/layers/process/EnvoyBinaryLive.ts"
import { layerAfter } from "../../../src/layers/process/EnvoyWrapperLive.ts"
import { probeWrapper } from "../../../src/layers/process/wrapperProbe.ts"
import { EnvoyBinary } from "../../../src/services/EnvoyBinary.ts"
import { EnvoyWrapper } from "../../../src/services/EnvoyWrapper.ts"
import { settings } from "../../fakes.ts"

/** An Envoy that writes a line to `starts` each time that it is started. */
const fakeEnvoy = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(`${tmpdir()}/appnet-wrapper-`)
    const path = `${folder}/envoy`
    writeFileSync(
      path,
      `#!/bin/sh\necho "$*" >> ${folder}/starts\necho "envoy  version: 0/1.37.2/Clean/RELEASE/BoringSSL"\n`
    )
    chmodSync(path, 0o755)
    return { folder, path, starts: () => readFileSync(`${folder}/starts`, "latin1").trim().split("\n") }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const version137 = Option.some({ major: 1, minor: 37, patch: 2, fips: false })

const answers = Effect.gen(function* () {
  const words = yield* (yield* EnvoyWrapper).words
  const version = yield* (yield* EnvoyBinary).version
  return { words, version }
})

describe("the wrapper that starts Envoy", () => {
  it.live("is tried and asks Envoy for its version by one process", () =>
    Effect.gen(function* () {
      const { path, starts } = yield* fakeEnvoy
      const wrapper = layerAfter(probeWrapper(["env", "--"], path))
      const layer = Layer.provideMerge(EnvoyBinaryLive, Layer.merge(wrapper, settings({ APPNET_ENVOY_PATH: path })))
      const { version, words } = yield* Effect.provide(answers, layer)
      assert.deepStrictEqual(words, ["env", "--"])
      assert.deepStrictEqual(version, version137)
      assert.deepStrictEqual(starts(), ["--version"])
    })
  )

  it.live("is another one where the best does not work, and Envoy is asked without it", () =>
    Effect.gen(function* () {
      const { path } = yield* fakeEnvoy
      for (const broken of [["false"], ["/nowhere/setpriv"]]) {
        const wrapper = layerAfter(probeWrapper(broken, path))
        const layer = Layer.provideMerge(EnvoyBinaryLive, Layer.merge(wrapper, settings({ APPNET_ENVOY_PATH: path })))
        const { version, words } = yield* Effect.provide(answers, layer)
        assert.notDeepEqual(words, broken)
        assert.deepStrictEqual(version, version137)
      }
    })
  )

  it.live("tells nothing of another Envoy than the one that it was tried with", () =>
    Effect.gen(function* () {
      const [tried, used] = [yield* fakeEnvoy, yield* fakeEnvoy]
      const wrapper = layerAfter(probeWrapper(["env", "--"], tried.path))
      const layer = Layer.provideMerge(
        EnvoyBinaryLive,
        Layer.merge(wrapper, settings({ APPNET_ENVOY_PATH: used.path }))
      )
      const { version } = yield* Effect.provide(answers, layer)
      assert.deepStrictEqual(version, version137)
      assert.include(used.starts(), "--version")
    })
  )
})
