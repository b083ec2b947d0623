import { Effect, Layer, Runtime } from "effect"
import { agentLive, ConfigAndLogLive, signalsLive } from "../layers/AgentLive.ts"
import { openAgentOutput } from "../layers/logs/agentOutput.ts"
import { LoggerLive } from "../layers/logs/LoggerLive.ts"
import type { EarlyStart } from "../layers/process/earlyStart.ts"
import { closeDebugger } from "../layers/process/nodeDebugger.ts"
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

/** Looks again until every signal that came before `main` took it has been acted on by Node. */
const keepDebuggerClosed = Effect.fn("keepDebuggerClosed")(function* (wasOpen: boolean) {
  const closed = [wasOpen]
  for (const pause of ["1 millis", "1 second"] as const) {
    closed.push(closeDebugger())
    yield* Effect.sleep(pause)
  }
  if (![...closed, closeDebugger()].includes(true)) return
  yield* Effect.logWarning(
    "SIGUSR1 opened Node's debugger before the agent could take the signal: it is closed again. No signal can open it where the agent is started by its file (dist/agent.mjs) or by node --disable-sigusr1"
  )
})

/** A container runtime without an init starts the agent as process 1, which the kernel treats differently. */
const warnAsProcess1 = Effect.suspend(() =>
  process.pid === 1
    ? Effect.logWarning(
        "the agent is process 1 here: nobody reaps the zombies that other processes leave, and a signal of its first moment is lost. Start it by an init, as the image does: tini, docker run --init, or initProcessEnabled in ECS"
      )
    : Effect.void
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
      Effect.forkScoped(keepDebuggerClosed(early.wasDebuggerOpen)).pipe(
        Effect.andThen(warnAsProcess1),
        Effect.andThen(Effect.provide(runOn(agentLive(early)), signalsLive(early))),
        logFailure,
        Effect.provideContext(configAndLog)
      )
    ),
    Effect.scoped,
    Effect.provide(LoggerLive),
    runMain({ disableErrorReporting: true })
  )
}
