import { Effect } from "effect"
import { describeExit } from "../../services/EnvoyLauncher.ts"
import { spawnChild } from "./spawnChild.ts"

/**
 * Waits for the end of a pipe that only the agent holds open, then kills the process group whose number came first. The kernel
 * closes the pipe at whatever end of the agent.
 */
const script = 'read -r group && while read -r line; do :; done; [ -z "$group" ] || kill -KILL "-$group"'

/** Ends the process group that it is told of together with the agent. */
export interface DeathGuard {
  readonly protect: (group: number) => void
}

/**
 * A shell that outlives the agent by a moment, to end what the agent has started. `onLoss` hears why there is none, or none any
 * more. It is in a session of its own, so that no signal to the agent's or Envoy's process group reaches it.
 */
export const startDeathGuard = Effect.fnUntraced(function* (onLoss: (reason: string) => Effect.Effect<void>) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawnChild("/bin/sh", ["-c", script], { input: "pipe", output: "ignore", cwd: "/", env: {}, detached: true })
    ),
    // Before its pipe ends, which it would take for the end of the agent.
    ({ kill }) => Effect.sync(() => kill("SIGKILL"))
  )
  const loss = Effect.promise(() =>
    Promise.race([
      child.started.then((start) => (start._tag === "Started" ? new Promise<never>(() => {}) : start.problem)),
      child.exit.then(describeExit)
    ])
  )
  yield* Effect.forkScoped(Effect.flatMap(loss, onLoss))
  return { protect: (group) => child.write(`${group}\n`) } satisfies DeathGuard
})
