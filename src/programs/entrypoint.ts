import { Effect, Runtime } from "effect"
import { layerAsking } from "../layers/AgentLive.ts"
import { LoggerLive } from "../layers/LoggerLive.ts"
import type { HeadStart } from "../layers/process/headStart.ts"
import { layerAfter } from "../layers/SignalsLive.ts"
import { runOn } from "./run.ts"

/** Node's own would answer signals with an interrupt: here they ask for a drain, through the Signals service. */
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

/** `run` on the real world. Every failure is one log line, and an exit code of its own. */
export const startAgent = ({ takeSignals, version }: HeadStart) =>
  runOn(layerAsking(version)).pipe(
    Effect.provide(layerAfter(takeSignals)),
    Effect.tapError((error) => Effect.logFatal(error.message)),
    Effect.tapDefect((defect) => Effect.logFatal("the agent itself failed:", defect)),
    Effect.provide(LoggerLive),
    runMain({ disableErrorReporting: true })
  )
