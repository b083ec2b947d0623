import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { InstanceMetadataLive } from "../../src/layers/platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "../../src/layers/platform/TaskMetadataLive.ts"
import { envoyArguments } from "../../src/layers/process/envoyArguments.ts"
import { parseEnvoyVersion } from "../../src/layers/process/envoyVersion.ts"
import { Config } from "../../src/services/Config.ts"
import { InstanceMetadata, TaskMetadata } from "../../src/services/Metadata.ts"
import { settings } from "../fakes.ts"
import { bootstrapOf, type Environment } from "../layers/bootstrap/harness.ts"
import { type Case, cases } from "./cases.ts"
import { expand, startServers } from "./check.mjs"
import { shownByCases } from "./shown.ts"

/** A case's environment, with its files and servers there. */
const placed = (testCase: Case) =>
  Effect.gen(function* () {
    const DIR = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-shown-`)),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    for (const [name, content] of Object.entries(testCase.files ?? {})) writeFileSync(`${DIR}/${name}`, content)
    const { vars } = yield* Effect.acquireRelease(
      Effect.promise(() => startServers(testCase)),
      ({ close }) => Effect.promise(close)
    )
    return Object.fromEntries(
      Object.entries(testCase.env).map(([key, value]) => [key, expand(value, { DIR, ...vars })])
    )
  })

/** All that an environment makes: the bootstrap with its side files, and Envoy's arguments; or why there is none. */
const madeOf = (given: Environment, envoyVersion = "") =>
  Effect.gen(function* () {
    const environment = { APPNET_RUNTIME_GUARDS: "all", APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0", ...given }
    const ground = settings(environment)
    const { document } = yield* bootstrapOf(environment, {
      version: parseEnvoyVersion(envoyVersion),
      task: Effect.flatMap(TaskMetadata, ({ collect }) => collect).pipe(
        Effect.provide(Layer.provide(TaskMetadataLive, ground)),
        Effect.orDie
      ),
      instance: Effect.flatMap(InstanceMetadata, ({ collect }) => collect).pipe(
        Effect.provide(Layer.provide(InstanceMetadataLive, ground)),
        Effect.orDie
      )
    })
    const words = yield* Effect.map(Config, (config) => envoyArguments(config.settings, "")).pipe(
      Effect.provide(ground)
    )
    return { document, words }
  }).pipe(
    Effect.result,
    Effect.map((made) => JSON.stringify(Result.isSuccess(made) ? made.success : made.failure.message))
  )

describe("the recorded reference cases", () => {
  it.live("would be others without each variable that they are said to show", () =>
    Effect.gen(function* () {
      for (const [variable, names] of Object.entries(shownByCases)) {
        for (const name of names) {
          const testCase = cases.get(`${name}.json`) ?? assert.fail(`there is no case ${name}`)
          const environment = yield* placed(testCase)
          const { [variable]: value, ...without } = environment
          assert.isDefined(value, `${name} does not set ${variable}`)
          const recorded = yield* madeOf(environment, testCase.envoyVersion)
          const made = yield* madeOf(without, testCase.envoyVersion)
          assert.isFalse(made === recorded, `${name} does not need ${variable}`)
        }
      }
    })
  )
})
