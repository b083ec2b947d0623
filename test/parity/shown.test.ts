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
import { type Case, cases, placeCase } from "./cases.ts"
import { shownByCases } from "./shown.ts"

const placed = (testCase: Case) =>
  Effect.acquireRelease(
    Effect.promise(() => placeCase(testCase)),
    ({ remove }) => Effect.promise(remove)
  )

/** The outcome of an environment: the bootstrap with its side files, and Envoy's arguments; or the error's message. */
const outcomeOf = (given: Environment, envoyVersion = "") =>
  Effect.gen(function* () {
    const environment = { APPNET_RUNTIME_GUARDS: "all", APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0", ...given }
    const config = settings(environment)
    const { document } = yield* bootstrapOf(environment, {
      version: parseEnvoyVersion(envoyVersion),
      task: Effect.flatMap(TaskMetadata, ({ collect }) => collect).pipe(
        Effect.provide(Layer.provide(TaskMetadataLive, config)),
        Effect.orDie
      ),
      instance: Effect.flatMap(InstanceMetadata, ({ collect }) => collect).pipe(
        Effect.provide(Layer.provide(InstanceMetadataLive, config)),
        Effect.orDie
      )
    })
    const words = yield* Effect.map(Config, ({ settings }) => envoyArguments(settings, "")).pipe(Effect.provide(config))
    return { document, words }
  }).pipe(
    Effect.result,
    Effect.map((outcome) => JSON.stringify(Result.isSuccess(outcome) ? outcome.success : outcome.failure.message))
  )

const claims = Object.entries(shownByCases).flatMap(([variable, names]) => names.map((name) => ({ name, variable })))

describe("the recorded case", () => {
  it.live.each(claims)("$name has another outcome without $variable", ({ name, variable }) =>
    Effect.gen(function* () {
      const testCase = cases.get(name) ?? assert.fail(`there is no case ${name}`)
      const { environment } = yield* placed(testCase)
      const { [variable]: value, ...without } = environment
      assert.isDefined(value, `${name} does not set ${variable}`)
      const recorded = yield* outcomeOf(environment, testCase.envoyVersion)
      assert.notStrictEqual(yield* outcomeOf(without, testCase.envoyVersion), recorded)
    })
  )
})
