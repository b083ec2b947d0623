import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { EnvoyBinaryLive } from "../../../src/layers/process/EnvoyBinaryLive.ts"
import { EnvoyWrapperNone } from "../../../src/layers/process/EnvoyWrapperLive.ts"
import { EnvoyBinary } from "../../../src/services/EnvoyBinary.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-binary-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const binaryAt = (path: string) =>
  Effect.provide(
    EnvoyBinary,
    Layer.provide(EnvoyBinaryLive, Layer.merge(EnvoyWrapperNone, settings({ APPNET_ENVOY_PATH: path })))
  )

describe("the Envoy that is started", () => {
  it.live("is an error in one sentence where the system refuses to start it, whatever its mode says", () =>
    Effect.gen(function* () {
      shows("APPNET_ENVOY_PATH")
      const path = `${yield* folder}/envoy`
      writeFileSync(path, "#!/nowhere/sh\n", { mode: 0o755 })
      const binary = yield* binaryAt(path)
      const { message } = yield* Effect.flip(binary.path)
      assert.strictEqual(
        message,
        `cannot start Envoy: ${path} cannot be started by this user (spawn ${path} ENOENT): its interpreter or loader is missing. Set APPNET_ENVOY_PATH to an executable Envoy`
      )
      assert.isTrue(Option.isNone(yield* binary.version))
    })
  )

  it.live("is found where it starts, whatever it answers", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/envoy`
      writeFileSync(path, "#!/bin/sh\nexit 3\n", { mode: 0o755 })
      assert.strictEqual(yield* (yield* binaryAt(path)).path, path)
    })
  )
})
