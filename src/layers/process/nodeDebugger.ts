// Node opens its debugger at SIGUSR1: on loopback, where every container of the same network can reach it. It is free of Effect.
import * as inspector from "node:inspector"

/** Whether whoever started this process has decided about the debugger: that no signal opens it, or that it is open. */
const isDecided = (): boolean =>
  [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")].some((word) =>
    /^--(disable-sigusr1|inspect(-brk|-wait)?)(=|$)/.test(word)
  )

/**
 * Closes the debugger if a signal has opened it, before this program could take the signal; answers whether it was open. Node opens
 * it in two steps, so that one look is not enough.
 */
export const closeDebugger = (): boolean => {
  if (isDecided() || !process.features.inspector || inspector.url() === undefined) return false
  inspector.close()
  return true
}
