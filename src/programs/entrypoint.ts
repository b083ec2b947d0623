import { Effect, Layer, Runtime } from "effect"
import { groundLayer, layerAsking } from "../layers/AgentLive.ts"
import { openAgentOutput } from "../layers/logs/agentOutput.ts"
import { LoggerLive } from "../layers/logs/LoggerLive.ts"
import type { HeadStart } from "../layers/process/earlyStart.ts"
import { layerWithEarlierSignals } from "../layers/process/SignalsLive.ts"
import { runOn } from "./run.ts"

/** Node's own would answer signals with an interrupt: here they ask for a drain, through the Signals service. */
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

/** A failure is one log line. */
const reported = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.tapError((error) => Effect.logFatal(error.message)),
    Effect.tapDefect((defect) => Effect.logFatal("the agent itself failed:", defect))
  )

/**
 * `run` on the real world, with an exit code for every failure. The log is where the settings ask for it until the very
 * end; what is wrong with the settings themselves is said on stderr.
 */
export const startAgent = ({ takeSignals, version }: HeadStart) => {
  openAgentOutput("stdout")
  openAgentOutput("stderr")
  return reported(Layer.build(groundLayer)).pipe(
    Effect.flatMap((ground) =>
      runOn(layerAsking(version)).pipe(
        Effect.provide(layerWithEarlierSignals(takeSignals)),
        reported,
        Effect.provideContext(ground)
      )
    ),
    Effect.scoped,
    Effect.provide(LoggerLive),
    runMain({ disableErrorReporting: true })
  )
}
