import { Effect, Layer, Runtime } from "effect"
import { agentLive, ConfigAndLogLive, signalsLive } from "../layers/AgentLive.ts"
import { openAgentOutput } from "../layers/logs/agentOutput.ts"
import { LoggerLive } from "../layers/logs/LoggerLive.ts"
import type { EarlyStart } from "../layers/process/earlyStart.ts"
import { runOn } from "./run.ts"

/** Effect's own runner interrupts at a signal. Here signals reach the program through the Signals service, and it drains. */
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

/** Logs why an effect failed, in one line. */
const logFailure = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.tapError((error) => Effect.logFatal(error.message)),
    Effect.tapDefect((defect) => Effect.logFatal("the agent itself failed:", defect))
  )

/**
 * Runs the agent in this process, which ends with an exit code for every failure. Log lines go where the settings say until
 * the very end; problems of the settings themselves go to stderr.
 */
export const startAgent = (early: EarlyStart) => {
  openAgentOutput("stdout")
  openAgentOutput("stderr")
  // The layer that takes the probe over may never be built.
  const endProbe = Effect.addFinalizer(() => Effect.sync(() => early.probe?.child.kill("SIGKILL")))
  return Effect.andThen(endProbe, logFailure(Layer.build(ConfigAndLogLive))).pipe(
    Effect.flatMap((configAndLog) =>
      runOn(agentLive(early)).pipe(Effect.provide(signalsLive(early)), logFailure, Effect.provideContext(configAndLog))
    ),
    Effect.scoped,
    Effect.provide(LoggerLive),
    runMain({ disableErrorReporting: true })
  )
}
