// What stops the demo from outside: a signal, or an output that cannot be written any more.
import { constants } from "node:os"

export interface StopReason {
  /** The beginning of a message to the user. */
  readonly why: string
  /** The demo's exit code where the mesh has not been HEALTHY yet. */
  readonly earlyExitCode: number
  /** The demo's exit code where it has. */
  readonly exitCode: number
}

export interface StopRequest {
  /** Aborted by the first reason. */
  readonly signal: AbortSignal
  readonly reason: () => StopReason | undefined
  readonly make: (reason: StopReason) => void
  /** Sets the action for each further request. */
  readonly onRepeat: (action: () => void) => void
}

/** A stop by the user. Before the mesh was HEALTHY the exit code is 128 + the signal's number, as in a shell. */
const signalled = (why: string, signal: keyof typeof constants.signals): StopReason => ({
  why,
  earlyExitCode: 128 + constants.signals[signal],
  exitCode: 0
})

const reasons = {
  SIGINT: signalled("Ctrl-C", "SIGINT"),
  SIGTERM: signalled("SIGTERM", "SIGTERM"),
  SIGHUP: signalled("The terminal was closed", "SIGHUP")
}

/** The reason that a failed output gives. */
export const outputLost = (name: string, error: NodeJS.ErrnoException): StopReason => {
  if (error.code === "EPIPE") return signalled("Nobody reads the output any more", "SIGPIPE")
  if (error.code === "EIO") return reasons.SIGHUP
  return { why: `${name} cannot be written (${error.message})`, earlyExitCode: 1, exitCode: 1 }
}

/** A second signal within this time is the same Ctrl-C: the terminal sends it to npm as well, which passes it on. */
const echoMilliseconds = 300

/** Listens for signals from now on. */
export const listenForStop = (): StopRequest => {
  const controller = new AbortController()
  let reason: StopReason | undefined
  let madeAt = Number.NEGATIVE_INFINITY
  let repeat = () => {}

  const make = (next: StopReason) => {
    const now = performance.now()
    if (now - madeAt < echoMilliseconds) return
    madeAt = now
    if (reason !== undefined) return repeat()
    reason = next
    controller.abort()
  }
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => make(reasons[name]))

  return {
    signal: controller.signal,
    reason: () => reason,
    make,
    onRepeat: (action) => {
      repeat = action
    }
  }
}
