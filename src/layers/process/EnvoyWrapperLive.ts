import { Duration, Effect, Layer, Option } from "effect"
import { EnvoyWrapper } from "../../services/EnvoyWrapper.ts"
import { awaitChild, type ChildResult, isSuccess } from "./childProcess.ts"
import { type Wrapper, wrapperCandidates } from "./wrapper.ts"
import { hasNetAdmin, probeWrapper, type WrapperProbe } from "./wrapperProbe.ts"

const trialTimeout = Duration.seconds(2)
/** Envoy's version takes longer than `true`. */
const versionTimeout = Duration.seconds(5)

/** The result of a trial; none where the wrapper does not work. */
const resultOf = ({ child, command, envoyPath, wrapper }: WrapperProbe) =>
  awaitChild(command, child, envoyPath === undefined ? trialTimeout : versionTimeout).pipe(
    Effect.matchEffect({
      onFailure: (error) => Effect.as(Effect.logDebug(error.message), Option.none<ChildResult>()),
      onSuccess: (result) =>
        isSuccess(result)
          ? Effect.succeedSome(result)
          : Effect.as(Effect.logDebug(`wrapper ${wrapper.join(" ")} failed: ${result.output.trim()}`), Option.none())
    })
  )

/** The first candidate that works, with one warning where the best one does not. */
const chooseWrapper = Effect.gen(function* () {
  const netAdmin = hasNetAdmin()
  for (const [rank, wrapper] of wrapperCandidates(netAdmin).entries()) {
    if (Option.isNone(yield* Effect.suspend(() => resultOf(probeWrapper(wrapper, undefined))))) continue
    if (netAdmin && rank > 0) yield* Effect.logWarning("setpriv cannot hand NET_ADMIN on: Envoy runs without it")
    return wrapper
  }
  const text = "setpriv does not work here: a shell ends Envoy with the agent"
  yield* netAdmin ? Effect.logWarning(`${text}, and Envoy runs without NET_ADMIN`) : Effect.logDebug(text)
  return []
})

interface Trial {
  readonly words: Wrapper
  readonly versionOutput: Option.Option<string>
}

const tried = Effect.fn("EnvoyWrapper.try")(function* (early: WrapperProbe | undefined) {
  const result = early === undefined ? Option.none() : yield* resultOf(early)
  if (early !== undefined && Option.isSome(result)) {
    const versionOutput = early.envoyPath === undefined ? Option.none() : Option.some(result.value.output)
    return { words: early.wrapper, versionOutput } satisfies Trial
  }
  return { words: yield* chooseWrapper, versionOutput: Option.none() } satisfies Trial
})

/** Uses the trial that was begun early, if there is one. The layers above this one are built while it runs. */
export const layerAfter = (early: WrapperProbe | undefined) =>
  Layer.effect(
    EnvoyWrapper,
    Effect.gen(function* () {
      const trial = yield* Effect.cached(tried(early))
      yield* Effect.forkScoped(trial)
      return EnvoyWrapper.of({
        words: Effect.map(trial, ({ words }) => words),
        versionOutput: (envoyPath) =>
          early?.envoyPath === envoyPath ? Effect.map(trial, ({ versionOutput }) => versionOutput) : Effect.succeedNone
      })
    })
  )

export const EnvoyWrapperLive = layerAfter(undefined)

/** For commands that start no Envoy. */
export const EnvoyWrapperNone = Layer.succeed(
  EnvoyWrapper,
  EnvoyWrapper.of({ words: Effect.succeed([]), versionOutput: () => Effect.succeedNone })
)
